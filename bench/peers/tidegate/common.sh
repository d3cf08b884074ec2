# sourced by tidegate's start scripts: a site in $RUN from scripts and routes, served by one thread
tidegate=${TIDEGATE:-../../../build/release/tidegate}
site=$RUN/site
mkdir -p "$site"
script() { cat >"$site/$1"; }
serve() { # the routes on stdin
    {
        echo "return {"
        echo "  workers = 1, log = { access = false },"
        echo "  backends = { be = { 'http://$BACKEND' } },"
        echo "  routes = {"
        cat
        echo "  },"
        echo "}"
    } >"$site/site.lua"
    exec "$tidegate" run "$site" --port "$PORT"
}
