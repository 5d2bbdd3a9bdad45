use letra_nn::prelude::*;
use std::time::Instant;
#[test]
fn time() {
    let network = Sequential::new([1, 128])
        .add(Lstm::new(128))
        .build(1)
        .unwrap();
    let mut stream = network.stream(1).unwrap();
    let x = Tensor::zeros([1, 1, 128]);
    for _ in 0..2000 {
        stream.step(&x).unwrap();
    }
    let mut best = f64::MAX;
    for _ in 0..50 {
        let t = Instant::now();
        for _ in 0..200 {
            stream.step(&x).unwrap();
        }
        best = best.min(t.elapsed().as_secs_f64() / 200.0);
    }
    let small = Sequential::new([1, 2]).add(Lstm::new(2)).build(1).unwrap();
    let mut s2 = small.stream(1).unwrap();
    let y = Tensor::zeros([1, 1, 2]);
    let mut least = f64::MAX;
    for _ in 0..50 {
        let t = Instant::now();
        for _ in 0..200 {
            s2.step(&y).unwrap();
        }
        least = least.min(t.elapsed().as_secs_f64() / 200.0);
    }
    let d = Sequential::new([256])
        .add(Dense::new(512))
        .build(1)
        .unwrap();
    let z = Tensor::zeros([1, 256]);
    let mut dense = f64::MAX;
    for _ in 0..50 {
        let t = Instant::now();
        for _ in 0..200 {
            d.predict(&z).unwrap();
        }
        dense = dense.min(t.elapsed().as_secs_f64() / 200.0);
    }
    println!(
        "lstm128 {:.2} us, lstm2 {:.2} us, dense 256x512 {:.2} us",
        best * 1e6,
        least * 1e6,
        dense * 1e6
    );
}
