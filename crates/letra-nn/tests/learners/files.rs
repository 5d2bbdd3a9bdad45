//! Machines and trainings in files.

use std::fs;

use letra_nn::learners::{BoltzmannMachine, ContrastiveDivergence, Hidden, Rbm, RbmFit, Visible};
use letra_nn::{Network, Tensor};

use crate::twin::random_machine;

#[test]
fn a_machine_comes_back_to_the_bit() {
    let folder = tempfile::tempdir().unwrap();
    for rbm in [
        Rbm::new(5, 3),
        Rbm::new(4, 3).labels(2),
        Rbm::new(3, 2).visible(Visible::Gaussian),
        Rbm::new(3, 2).hidden(Hidden::Gaussian),
    ] {
        let machine = random_machine(rbm, 1.0, 1);
        let file = folder.path().join("machine");
        machine.save(&file).unwrap();
        let again = BoltzmannMachine::load(&file).unwrap();
        assert_eq!(again.definition(), machine.definition());
        assert_eq!(again.kernel(), machine.kernel());
        assert_eq!(again.visible_bias(), machine.visible_bias());
        assert_eq!(again.hidden_bias(), machine.hidden_bias());
        assert_eq!(again.variances(), machine.variances());
        assert!(Network::load(&file).is_err());
    }
}

#[test]
fn damaged_and_foreign_files_are_refused() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("machine");
    random_machine(Rbm::new(5, 3), 1.0, 1).save(&file).unwrap();
    let bytes = fs::read(&file).unwrap();
    let bad = folder.path().join("bad");
    for length in (0..bytes.len()).step_by(7) {
        fs::write(&bad, &bytes[..length]).unwrap();
        assert!(
            BoltzmannMachine::load(&bad).is_err(),
            "{length} of {} bytes",
            bytes.len()
        );
    }
    // Any byte of the header may be another; what is read then is a machine, or an error.
    for place in 0..bytes.len().min(400) {
        let mut other = bytes.clone();
        other[place] ^= 0x11;
        fs::write(&bad, &other).unwrap();
        let _ = BoltzmannMachine::load(&bad);
    }
    // A description that asks for more than the file has.
    let asked = br#"\"hidden_units\":"#;
    let place = bytes
        .windows(asked.len())
        .position(|window| window == asked)
        .unwrap()
        + asked.len();
    assert_eq!(bytes[place], b'3');
    let mut other = bytes.clone();
    other[place] = b'9';
    fs::write(&bad, &other).unwrap();
    let error = BoltzmannMachine::load(&bad).unwrap_err().to_string();
    assert!(error.contains("kernel"), "{error}");
    assert!(BoltzmannMachine::load(folder.path()).is_err());
}

#[test]
fn a_checkpoint_is_a_machine_and_another_training_is_not_resumed() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("checkpoint");
    let data = Tensor::new([4, 2], vec![0.0, 1.0, 1.0, 0.0, 0.0, 0.0, 1.0, 1.0]).unwrap();
    let begin = |rate: f32| {
        Rbm::new(2, 2)
            .compile(ContrastiveDivergence::new(rate))
            .unwrap()
    };
    let mut rbm = begin(0.1);
    rbm.fit(&data, RbmFit::epochs(2).checkpoint(&file)).unwrap();
    assert_eq!(
        BoltzmannMachine::load(&file).unwrap().kernel(),
        rbm.kernel()
    );
    let error = begin(0.2)
        .fit(&data, RbmFit::epochs(3).resume(&file))
        .unwrap_err()
        .to_string();
    assert!(error.contains("other units, settings"), "{error}");
    assert!(
        begin(0.1)
            .fit(&data, RbmFit::epochs(3).batch_size(2).resume(&file))
            .is_err()
    );
    rbm.save(&file).unwrap();
    let error = begin(0.1)
        .fit(&data, RbmFit::epochs(3).resume(&file))
        .unwrap_err()
        .to_string();
    assert!(error.contains("not a training"), "{error}");
    // A file that is not there begins anew.
    begin(0.1)
        .fit(&data, RbmFit::epochs(1).resume(folder.path().join("none")))
        .unwrap();
}
