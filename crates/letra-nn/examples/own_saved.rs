// Trains with a layer, a loss, a metric and a callback of one's own, and saves; `own_loaded` goes on.
include!("own/square.rs");
include!("own/quantile.rs");
include!("own/coverage.rs");

/// Ends a training where enough is covered.
struct Enough(f64);

impl Callback for Enough {
    fn on_epoch_end(&mut self, epoch: &Epoch<'_>) -> Result<std::ops::ControlFlow<()>, Error> {
        let covered = epoch.logs().get("coverage").unwrap_or_default();
        Ok(
            match epoch.number >= 100 && (covered - self.0).abs() < 0.01 {
                true => std::ops::ControlFlow::Break(()),
                false => std::ops::ControlFlow::Continue(()),
            },
        )
    }
}

fn main() -> Result<(), Error> {
    let file = "own.letra";
    let compile = Compile::new(Adam::new(0.003))
        .loss(Quantile(0.9))
        .metric(Coverage);
    let mut network = Sequential::new([1])
        .add(Square)
        .add(Dense::new(1))
        .compile(compile.seed(1))?;
    let history = network.fit(&data(8, 1000)?, Fit::epochs(200).callback(&mut Enough(0.9)))?;
    network.save(file)?;
    println!(
        "coverage {:.3}",
        history
            .last()
            .and_then(|logs| logs.get("coverage"))
            .unwrap_or_default()
    );
    Ok(())
}
