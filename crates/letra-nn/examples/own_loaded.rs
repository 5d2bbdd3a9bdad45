// Loads what `own_saved` has written: a registry says which types the names in the file stand for.
include!("own/square.rs");
include!("own/quantile.rs");
include!("own/coverage.rs");

fn main() -> Result<(), Error> {
    let file = "own.letra";
    let registry = Registry::new()
        .layer::<Square>("square")?
        .loss::<Quantile>("quantile")?
        .metric(Coverage)?;
    let network = Trainer::load_with(file, &registry, Workers::new(0)?)?;
    println!(
        "coverage {:.3}",
        network
            .evaluate(&data(9, 500)?)?
            .metric("coverage")
            .unwrap()
    );
    Ok(())
}
