# A page with a link to each of the pages that are given.

BEGIN { print "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>Recipes</title>\n<h1>Recipes</h1>\n<ul>" > out }

/^<title>/ {
    page = FILENAME
    sub(/.*\//, "", page)
    gsub(/<[^>]*>/, "")
    print "<li><a href=\"" page "\">" $0 "</a></li>" > out
}

END { print "</ul>" > out }
