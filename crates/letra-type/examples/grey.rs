//! Reads pictures and writes their grey levels: `grey FOLDER FILE...` leaves FOLDER/0.png, 1.png
//! and so on, and prints a line for each file: its size, or why it is not read.

use std::path::Path;

use letra_type::Picture;

fn main() -> letra_type::Result<()> {
    let mut arguments = std::env::args().skip(1);
    let folder = arguments.next().expect("a folder to write to");
    for (index, file) in arguments.enumerate() {
        match Picture::from_file(Path::new(&file)) {
            Ok(picture) => {
                picture.save_png(&Path::new(&folder).join(format!("{index}.png")))?;
                println!("{} {}", picture.width(), picture.height());
            }
            Err(error) => println!("{error}"),
        }
    }
    Ok(())
}
