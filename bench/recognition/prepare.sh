# What the scripts of this folder share; sourced by them with $here and $root set.
home=$root/target/recognition

# Stops unless the programs named are there; the first argument is what to install.
need() {
    local packages=$1 needed
    shift
    for needed in "$@"; do
        command -v "$needed" >/dev/null || {
            echo "error: there is no $needed" >&2
            echo "hint: apt-get install $packages" >&2
            exit 1
        }
    done
}

# The virtual environment in which the pictures are drawn.
environment() {
    mkdir -p "$home"
    [ -e "$home/venv/ready" ] && return
    python3 -m venv "$home/venv"
    "$home/venv/bin/pip" install --quiet --requirement "$here/requirements.txt"
    touch "$home/venv/ready"
}

# Draws pictures into a folder unless they are there; what follows is for `pictures`.
draw() {
    local pictures=$1
    shift
    # The labels are written last: without them the pictures are not complete.
    [ -e "$pictures/labels.csv" ] ||
        "$home/venv/bin/python" "$here/pictures" "$home/fonts" "$pictures" "$@"
}
