// One network asked by many threads at once: none waits for another.

use std::thread;
use std::time::Instant;

use letra_nn::prelude::*;

fn main() -> Result<(), Error> {
    let network = Sequential::new([28, 28, 1])
        .add(Conv2d::new(16, 3).relu())
        .add(MaxPool2d::new(2))
        .add(Conv2d::new(32, 3).relu())
        .add(Flatten)
        .add(Dense::new(10).softmax())
        .build(1)?;
    let picture = |number: usize| {
        let pixels = (0..784).map(|i| ((i * (number + 7)) % 251) as f32 / 251.0);
        Tensor::new([1, 28, 28, 1], pixels.collect())
    };
    let wanted = network.predict(&picture(3)?)?;
    const EACH: usize = 2000;
    let answers = |threads: usize| -> Result<f64, Error> {
        let start = Instant::now();
        thread::scope(|scope| {
            let ask = || -> Result<(), Error> {
                let picture = picture(3)?;
                for _ in 0..EACH {
                    // The same to the last bit, however many ask.
                    assert_eq!(network.predict(&picture)?, wanted);
                }
                Ok(())
            };
            let asking: Vec<_> = (0..threads).map(|_| scope.spawn(ask)).collect();
            asking
                .into_iter()
                .try_for_each(|thread| thread.join().expect("no thread panics"))
        })?;
        Ok((threads * EACH) as f64 / start.elapsed().as_secs_f64())
    };
    answers(1)?;
    let (one, eight) = (answers(1)?, answers(8)?);
    println!("one thread:    {one:.0} answers a second");
    println!(
        "eight threads: {eight:.0}, {:.2} times as many",
        eight / one
    );
    Ok(())
}
