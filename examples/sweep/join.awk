# From a line for each throw to `table`, with a heading, and to `picture`: distance over angle, a curve for each speed.

BEGIN {
    FS = "\t"
    print "drag\tspeed\tangle\tdistance\theight\tseconds" > table
}

{
    print > table
    curve = $1 FS $2
    if (!(curve in throws)) curves[++count] = curve
    at = ++throws[curve]
    angles[curve, at] = $3
    distances[curve, at] = $4
    if (NR == 1 || $3 + 0 < low) low = $3 + 0
    if ($3 + 0 > high) high = $3 + 0
    if ($4 + 0 > farthest) farthest = $4 + 0
    # A color for each speed; without air it is dashed.
    if (!($2 in colors)) colors[$2] = substr("#1b7f79#c2571a#5b4b9a#a8324a#3f6b1f", 1 + 7 * (speeds++ % 5), 7)
}

function across(angle) { return high > low ? left + (angle - low) / (high - low) * width : left + width / 2 }
function down(distance) { return top + (1 - distance / ceiling) * depth }
function text(x, y, anchor, words) {
    printf "<text x=\"%.1f\" y=\"%.1f\" text-anchor=\"%s\">%s</text>\n", x, y, anchor, words > picture
}
function line(x1, y1, x2, y2) {
    printf "<line x1=\"%.1f\" y1=\"%.1f\" x2=\"%.1f\" y2=\"%.1f\" stroke=\"#ddd\"/>\n", x1, y1, x2, y2 > picture
}

END {
    left = 60; top = 50; width = 480; depth = 300
    grid = farthest > 100 ? 20 : farthest > 40 ? 10 : 5
    ceiling = grid * int(farthest / grid + 1)
    print "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 680 410\" font-family=\"sans-serif\" font-size=\"12\">" > picture
    print "<rect width=\"680\" height=\"410\" fill=\"white\"/>" > picture
    print "<g fill=\"#333\">" > picture
    for (distance = 0; distance <= ceiling; distance += grid) {
        line(left, down(distance), left + width, down(distance))
        text(left - 8, down(distance) + 4, "end", distance)
    }
    for (angle = low; angle <= high; angle += 15) {
        line(across(angle), top, across(angle), top + depth)
        text(across(angle), top + depth + 18, "middle", angle "°")
    }
    text(left, 26, "start", "Distance in m of a throw at each angle; dashed: without air")
    print "</g>" > picture
    for (at = 1; at <= count; at++) draw(curves[at])
    name()
    print "</svg>" > picture
}

function draw(curve,    parts, points, at) {
    split(curve, parts, FS)
    for (at = 1; at <= throws[curve]; at++)
        points = points sprintf(" %.1f,%.1f", across(angles[curve, at]), down(distances[curve, at]))
    printf "<polyline fill=\"none\" stroke-width=\"2\" stroke=\"%s\"%s points=\"%s\"/>\n", \
        colors[parts[2]], parts[1] + 0 ? "" : " stroke-dasharray=\"6 4\"", substr(points, 2) > picture
}

# Writes what each curve is beside its end, from top to bottom, no two upon each other.
function name(    curve, best, parts, is_named, at, y) {
    y = top
    for (at = 1; at <= count; at++) {
        best = ""
        for (curve in throws)
            if (!(curve in is_named) && (best == "" || end(curve) > end(best))) best = curve
        is_named[best] = 1
        split(best, parts, FS)
        y = down(end(best)) + 4 > y + 15 ? down(end(best)) + 4 : y + 15
        printf "<text x=\"%.1f\" y=\"%.1f\" fill=\"%s\">%s m/s%s</text>\n", \
            left + width + 8, y, colors[parts[2]], parts[2], parts[1] + 0 ? ", drag " parts[1] : "" > picture
    }
}

function end(curve) { return distances[curve, throws[curve]] }
