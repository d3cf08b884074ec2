#include "script/library.h"

/* The assembler takes each file in as it is; the two labels bound it. */
#define TAKE(name)                                                                                 \
    __asm__(".section .rodata\n"                                                                   \
            ".global tg_library_" #name "\n"                                                       \
            ".global tg_library_" #name "_end\n"                                                   \
            "tg_library_" #name ": .incbin \"" TG_LIBRARY_DIR "/" #name ".lua\"\n"                 \
            "tg_library_" #name "_end: .byte 0\n"                                                  \
            ".previous\n");                                                                        \
    extern const char tg_library_##name[], tg_library_##name##_end[]

TAKE(sandbox);
TAKE(runtime);
TAKE(site);
TAKE(lines);
TAKE(soap);
TAKE(mtom);
TAKE(wsdl);
TAKE(soap_client);
TAKE(check);
TAKE(distance);
TAKE(tls);
TAKE(backends);
TAKE(routes);
TAKE(self_test);
TAKE(codec);
TAKE(caching);
TAKE(test);
TAKE(test_run);
TAKE(test_rules);
TAKE(test_answers);
TAKE(test_http);
TAKE(test_assert);
TAKE(test_diff);
TAKE(test_coverage);
TAKE(new);
TAKE(test_faults);
TAKE(about);
TAKE(pretty);
TAKE(pattern);
TAKE(json_schema);
TAKE(json_simple);
TAKE(sample);
TAKE(shapes);
TAKE(openapi);
TAKE(openapi_run);
TAKE(import);
TAKE(import_files);
TAKE(import_text);
TAKE(import_spec);
TAKE(files);
TAKE(test_client);
TAKE(test_real);
TAKE(test_jobs);
TAKE(test_watch);
TAKE(test_lines);
TAKE(test_patterns);
TAKE(record);
TAKE(record_spec);

struct tg_text tg_library(const char *name)
{
    const struct {
        const char *name, *base, *end;
    } files[] = {
        {"sandbox", tg_library_sandbox, tg_library_sandbox_end},
        {"runtime", tg_library_runtime, tg_library_runtime_end},
        {"site", tg_library_site, tg_library_site_end},
        {"lines", tg_library_lines, tg_library_lines_end},
        {"soap", tg_library_soap, tg_library_soap_end},
        {"mtom", tg_library_mtom, tg_library_mtom_end},
        {"wsdl", tg_library_wsdl, tg_library_wsdl_end},
        {"soap_client", tg_library_soap_client, tg_library_soap_client_end},
        {"check", tg_library_check, tg_library_check_end},
        {"distance", tg_library_distance, tg_library_distance_end},
        {"tls", tg_library_tls, tg_library_tls_end},
        {"backends", tg_library_backends, tg_library_backends_end},
        {"routes", tg_library_routes, tg_library_routes_end},
        {"codec", tg_library_codec, tg_library_codec_end},
        {"caching", tg_library_caching, tg_library_caching_end},
        {"self_test", tg_library_self_test, tg_library_self_test_end},
        {"test", tg_library_test, tg_library_test_end},
        {"test_run", tg_library_test_run, tg_library_test_run_end},
        {"test_rules", tg_library_test_rules, tg_library_test_rules_end},
        {"test_answers", tg_library_test_answers, tg_library_test_answers_end},
        {"test_http", tg_library_test_http, tg_library_test_http_end},
        {"test_assert", tg_library_test_assert, tg_library_test_assert_end},
        {"test_diff", tg_library_test_diff, tg_library_test_diff_end},
        {"test_coverage", tg_library_test_coverage, tg_library_test_coverage_end},
        {"new", tg_library_new, tg_library_new_end},
        {"test_faults", tg_library_test_faults, tg_library_test_faults_end},
        {"about", tg_library_about, tg_library_about_end},
        {"pretty", tg_library_pretty, tg_library_pretty_end},
        {"pattern", tg_library_pattern, tg_library_pattern_end},
        {"json_schema", tg_library_json_schema, tg_library_json_schema_end},
        {"json_simple", tg_library_json_simple, tg_library_json_simple_end},
        {"shapes", tg_library_shapes, tg_library_shapes_end},
        {"sample", tg_library_sample, tg_library_sample_end},
        {"openapi", tg_library_openapi, tg_library_openapi_end},
        {"openapi_run", tg_library_openapi_run, tg_library_openapi_run_end},
        {"import", tg_library_import, tg_library_import_end},
        {"import_files", tg_library_import_files, tg_library_import_files_end},
        {"import_text", tg_library_import_text, tg_library_import_text_end},
        {"import_spec", tg_library_import_spec, tg_library_import_spec_end},
        {"files", tg_library_files, tg_library_files_end},
        {"test_client", tg_library_test_client, tg_library_test_client_end},
        {"test_real", tg_library_test_real, tg_library_test_real_end},
        {"test_jobs", tg_library_test_jobs, tg_library_test_jobs_end},
        {"test_watch", tg_library_test_watch, tg_library_test_watch_end},
        {"test_lines", tg_library_test_lines, tg_library_test_lines_end},
        {"test_patterns", tg_library_test_patterns, tg_library_test_patterns_end},
        {"record", tg_library_record, tg_library_record_end},
        {"record_spec", tg_library_record_spec, tg_library_record_spec_end},
    };

    for (size_t i = 0; i < sizeof(files) / sizeof(*files); i++)
        if (strcmp(files[i].name, name) == 0)
            return tg_text(files[i].base, (size_t)(files[i].end - files[i].base));
    return (struct tg_text){NULL, 0};
}
