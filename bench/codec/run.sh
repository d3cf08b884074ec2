#!/bin/sh
# The codec beside others on documents of this machine: MB of input a second, and the ratios that
# the marks are about. Needs build/release; without Node its contenders are left out.
set -eu
cd "$(dirname "$0")/../.."

program=build/release/codec-bench
cc -std=c11 -O2 -D_GNU_SOURCE -DH2O_USE_LIBUV=0 -Isrc -o "$program" bench/codec/codec.c \
    build/release/libcore.a -rdynamic \
    $(pkg-config --cflags --libs libh2o-evloop luajit libxml-2.0 yajl json-c expat) \
    -lssl -lcrypto -lpthread -lm -ldl

set -- bench/codec/soap.xml spec/soap/stock.wsdl
for file in /usr/share/mime/packages/freedesktop.org.xml \
    /usr/share/xml/iso-codes/iso_639-3.xml /usr/share/xml/iso-codes/iso_3166-2.xml \
    /usr/share/xml/iso-codes/iso_4217.xml \
    /usr/share/unicode/cldr/common/main/de.xml /usr/share/unicode/cldr/common/main/ja.xml \
    /usr/share/unicode/cldr/common/supplemental/supplementalData.xml; do
    [ ! -f "$file" ] || set -- "$@" "$file"
done
kept=build/release/codec-bench-documents
rm -rf "$kept" "$kept.made"
mkdir -p "$kept" "$kept.made"

# A document of 17 KB with a schema.
cp bench/codec/orders.xsd "$kept.made/"
orders=$kept.made/orders.xml
awk 'BEGIN {
    print "<orders xmlns=\"urn:example:orders\">"
    for (i = 1; i <= 27; i++) {
        printf "  <order id=\"%d\" status=\"%s\">\n", 1000 + i, i % 3 ? "shipped" : "open"
        printf "    <customer>Customer number %d</customer>\n    <placed>2024-03-%02d</placed>\n", i, i
        printf "    <urgent>%s</urgent>\n", i % 2 ? "false" : "true"
        for (k = 1; k <= 4; k++)
            printf "    <item><sku>A-%d</sku><title>Paper &amp; ink, box %d</title><quantity>%d</quantity>" \
                "<price>%d.95</price></item>\n", i * k, k, i + k, k * 3
        printf i % 4 ? "    <total currency=\"GBP\">87.00</total>\n" : "    <note>to be counted</note>\n"
        print "  </order>"
    }
    print "</orders>"
}' >"$orders"
set -- "$@" "$orders"
lines=$kept/lines.tsv
"$program" "$kept" "$@" >"$lines"
if [ -d bench/codec/node_modules ]; then
    # shellcheck disable=SC2046 # names of documents have no blanks
    node bench/codec/node.js "$kept" $(cut -f 1 "$lines" | uniq) >>"$lines"
else
    echo 'no node_modules in bench/codec: Node is left out' >&2
fi
awk -F '\t' '
    function add(who) { if (!(who in known)) { known[who] = 1; order[++columns] = who } }
    function slower(name, a, b,   i) { # the time of a is so many times that of b
        for (i = 1; i <= rows; i++)
            if ((documents[i], a) in took)
                printf "%-44s %10.2f   (mark 1.5)\n", name, took[documents[i], a] / took[documents[i], b]
    }
    function ratio(a, b, mark, name,   i, sum, least, r, n) {
        least = 1e9
        for (i = 1; i <= rows; i++) {
            if (!((documents[i], b) in speed)) continue
            r = speed[documents[i], a] / speed[documents[i], b]
            sum += log(r); n++
            if (r < least) least = r
        }
        if (n) printf "%-44s mean %5.2f, least %5.2f   (mark %s)\n", name, exp(sum / n), least, mark
    }
    {
        if (!($1 in bytes)) { documents[++rows] = $1; bytes[$1] = 1 }
        add($3); speed[$1, $3] = $5; took[$1, $3] = $4 / $5
        if ($2 == "xml") size[$1] = $4
    }
    END {
        printf "%-22s", "MB/s"
        for (i = 1; i <= rows; i++) printf " %12.12s", documents[i]
        printf "\n%-22s", "bytes of XML"
        for (i = 1; i <= rows; i++) printf " %12d", size[documents[i]]
        printf "\n"
        for (c = 1; c <= columns; c++) {
            printf "%-22s", order[c]
            for (i = 1; i <= rows; i++)
                printf (documents[i], order[c]) in speed ? " %12.0f" : " %12s", \
                    (documents[i], order[c]) in speed ? speed[documents[i], order[c]] : "-"
            printf "\n"
        }
        printf "\n"
        ratio("ours to json", "libxml2 sax2", "2.5, least 1.5", "XML to JSON / libxml2 SAX2, empty")
        ratio("ours to xml", "yajl parse", "1.5", "JSON to XML / yajl, parsing alone")
        ratio("ours decode", "lua-cjson decode", "1.5", "JSON decode for Lua / lua-cjson")
        ratio("ours encode", "lua-cjson encode", "1.5", "JSON encode for Lua / lua-cjson")
        ratio("ours xml decode", "lua-expat tables", "4", "XML to Lua / tables by lua-expat")
        d = documents[1]
        printf "%-44s %10.2f   (mark 6)\n", "a SOAP message / libxml2 SAX2",
            speed[d, "ours to json"] / speed[d, "libxml2 sax2"]
        slower("time of XML to JSON by a schema / plain", "schema to json", "ours to json")
        slower("time of JSON to XML by a schema / plain", "schema to xml", "ours to xml")
    }' "$lines"

# The same two in instructions, which do not depend on what else the machine does.
instructions() {
    for times in 100 300; do
        valgrind --tool=callgrind --callgrind-out-file=/dev/null "$program" count "$1" $times "$orders" 2>&1 |
            sed -n 's/.*Collected : \([0-9]*\).*/\1/p'
    done | awk '{ sum += NR == 1 ? -$1 : $1 } END { printf "%d", sum / 200 }'
}
if command -v valgrind >/dev/null; then
    for way in json xml; do
        echo "$way $(instructions "ours to $way") $(instructions "schema to $way")"
    done | awk '{ printf "instructions to %-4s by a schema %d, plain %d: %.2f   (mark 1.5)\n", $1, $3, $2, $3 / $2 }'
fi
