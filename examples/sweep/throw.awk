# DRAG SPEED ANGLE FILE: follows a ball in steps of a millisecond until it is down again. DRAG is what the air takes, in 1/m: it grows with the
# square of the speed.

BEGIN {
    drag = ARGV[1]; speed = ARGV[2]; angle = ARGV[3]
    step = 0.001
    radians = angle * atan2(0, -1) / 180
    across = speed * cos(radians)
    up = speed * sin(radians)
    do {
        resistance = drag * sqrt(across * across + up * up)
        across -= across * resistance * step
        up -= (9.81 + up * resistance) * step
        x += across * step
        y += up * step
        seconds += step
        if (y > height) height = y
    } while (y > 0)
    printf "%s\t%s\t%s\t%.2f\t%.2f\t%.2f\n", drag, speed, angle, x, height, seconds > ARGV[4]
}
