# From a text to a page of HTML: the first line is its title, `- ` begins an item, and an empty line ends a paragraph.

function escaped(words) {
    gsub(/&/, "\\&amp;", words)
    gsub(/</, "\\&lt;", words)
    return words
}
function enter(wanted) {
    if (inside == wanted) return
    if (inside) print "</" inside ">" > out
    if (wanted) print "<" wanted ">" > out
    inside = wanted
}

NR == 1 {
    print "<!DOCTYPE html>\n<meta charset=\"utf-8\">\n<title>" escaped($0) "</title>\n<h1>" escaped($0) "</h1>" > out
    next
}
/^$/ { enter(""); next }
/^- / { enter("ul"); print "<li>" escaped(substr($0, 3)) "</li>" > out; next }
{ enter("p"); print escaped($0) > out }

END { enter("") }
