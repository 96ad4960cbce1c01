Time (* "*)" *) Lemma x : T. Proof (* (* "*)" *) . *) using y. by []. Qed.
