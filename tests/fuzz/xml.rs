//! Any bytes may come from the prover: the reader gives what it can make of them or an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use rocq_distill::rocq::answers;
use rocq_distill::rocq::axioms::assumptions;
use rocq_distill::rocq::wire::Answer;

fuzz_target!(|bytes: &[u8]| {
    let Ok(answer) = Answer::decode(bytes) else { return };
    if let Ok(value) = &answer.value {
        let _ = (value.state_id(), value.version(), value.status(), value.proof_state());
    }
    for text in &answer.notices {
        let line = answers::one_line(text);
        assert_eq!(answers::one_line(&line), line, "one line is laid out once and for all");
        let _ = (answers::print(text, &line), answers::locate(text), assumptions::read(text));
        let _ = (answers::section_definition(text), answers::libraries(text));
        if let Some(about) = answers::about(text) {
            assert_eq!(answers::about(text), Some(about));
        }
    }
});
