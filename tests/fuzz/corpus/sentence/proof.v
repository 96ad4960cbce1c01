From mathcomp Require Import all_ssreflect. (* a. (* "*) " *) b. *)
Notation "[ x ; .. ; y ]" := (f x .. (f y) .. ) (at level 0).
Lemma  a{T} (n : nat) : M.x = "a. "" b. ". Proof using. split. - a... -- b. + { c. } * 2:{ d. } [x]: { e. } Qed.
Elpi Accumulate lp:{{ main [str N] :- coq.say N. }}. Fail Check x
