//! Words: which name a tactic wherever they stand, which are English first, which say how a neighbour is meant.

use std::collections::HashSet;
use std::sync::LazyLock;

type Words = LazyLock<HashSet<&'static str>>;

fn set(words: &'static str) -> HashSet<&'static str> {
    words.split(' ').collect()
}

/// Whether a word, in lower case, names a tactic wherever it stands.
///
/// Some of them are English too, but a reasoning about a proof that says `rewrite` or `apply` names the tactic by it.
pub(super) fn is_tactic(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("apply autorewrite bool_congr cbn cbv congr eapply eassumption eauto econstructor edestruct eexact \
             eexists elim elimtype erewrite esplit exact f_equal firstorder gen genhave intro intros \
             lia lra nat_congr nat_norm nia nra rewrite setoid_rewrite simpl subst suff tauto \
             vm_compute wlog")
    });
    WORDS.contains(word)
}

/// Whether a word, in lower case, is English first and a tactic, a tactical or a part of one only in Rocq.
pub(super) fn is_english_tactic(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("abstract absurd admit assert assumption auto by case change clear compute constructor contradiction cut \
             decide destruct discriminate do done exfalso exists field first fold generalize have idtac \
             induction injection inversion last left loss move now over pattern pose progress refine \
             reflexivity remember rename repeat replace revert right ring set solve specialize split \
             suffices symmetry transitivity trivial try under unfold unlock without")
    });
    WORDS.contains(word)
}

/// Whether a word, in lower case, is one that English sentences are held together by.
pub(super) fn is_function_word(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("a about above after again all also an and any are as at be because been before being below between both \
             but by can could did do does done each either else end every few for from further had has \
             have having he hence her here his how i if in into is it its just let like may me might \
             more most must my no nor not now of off on once one only or other our out over own same \
             shall she should since so some such than that the their them then there these they this \
             those through thus to too two under until up us very was we were what when where which \
             while who whose why will with would yes yet you your")
    });
    WORDS.contains(word)
}

/// Whether a word, in lower case, is one of ordinary English although libraries give it to their objects: `n is odd`,
/// `the size of the list`, `a prime divisor`.
pub(super) fn is_english_name(word: &str) -> bool {
    NAMES.contains(word)
}

/// Names of Rocq's standard library and of MathComp that are words of English, or of mathematicians' English, too.
static NAMES: Words = Words::new(|| {
    set("abelian abstract absurd act action add addition additive adherence adjugate algebraic alias all and \
         anti antiderivative antisymmetric antisymmetry any append apply approx archimedean array arrow \
         arrows as associative asymmetry at axiom barred base behead between bijective bilinear bind binomial \
         bit block body bottom bound bounded bounds bracket call cancel cancellation cardinal carry case \
         ceiling center centralised centraliser centralises character characteristic check choice choose \
         class classes classic classically clause clone closed closure code codomain coerce cofactor coherent \
         col color colors combine common commutative commutator commute compact comparable compare compares \
         comparison complement complementary complete completeness complex compose composition concatenation \
         condition confluent conjugate conjugates connect constant contains content contents continuity \
         continuous contractible contracts contrapositive converse coprime copy correct coset cosets count \
         counts cover covering covers create critical cube curry cycle cyclic cyclotomic decide decimal \
         decode decreasing default deletion delta derivable derive description determinant diagonalizable \
         difference digits direct disc disjoint distributes distributive divide divides divisible divisor \
         divisors domain double drop dual eigenspace eigenvalue elements else empty encode end enumeration \
         epsilon equal equality equals equivalence error even eventually except exchange exist exists \
         exponent extend extensional extremum fact factorial faithful false family field fields filter find \
         finite first flatten flip float floor fold for forall form formula frame free full fun function \
         functions generator get graph graphs greater group groups half has head height here hereditary \
         hermitian hexadecimal hold holds hole homocyclic homomorphism ideal ideals idempotent identity if \
         ignore image images imaginary implies in included inclusion increasing index indexed induct \
         induction inequality inertia infinite infinity inhabited inhabits initial injective ins insert \
         integer integers interchange interior interval invariant inverse involutive irreducible irreflexive \
         irreflexivity is isometries isometry isomorphism iterate join jump kernel key kind lagrange land \
         last law laws leaf left lemma length less let lift line linear lines list lists location lock locked \
         looping lower majorant make map mask match matrices matrix maximal maximum meet member membership \
         merge metacyclic minimum minorant minus mixin modal module modules modulo monic monotone monotonic \
         morphism multiplication multiplicative multiplicity multiset name names natural naturals negate \
         neighbourhood new next nilpotent node noetherian nondecreasing nondegenerate none nonzero norm \
         normal normalise normalised normaliser normalizes not now null number numbers numeral object odd of \
         on one ones op opposite option or orbit order ordinal orthogonal orthonormal over pair pairwise \
         parity parse parser partition path pattern permutation permutations pick pickle plus point points \
         polynomial polynomials positive power powerset predecessor predicate prefix preorder prime primes \
         primitive print printer product project proof propagate proper push put quadruple qualifier \
         quantified quotient quotients range rank ratio rational real recursion reduce reflect reflects \
         reflexive regular relation relations remainder remove repeat replace representation respectful \
         respecting restrict result resultant retract return reverse right ring rings root roots rotations \
         scalable scalar scale section semiprime semiregular separable sequence sequences serial set setoid \
         shape shift shorten sigma sign similar simple sin singleton sixteen size skew solvable some sop sort \
         sorted source space span special split square squash stable state statement step steps stop strength \
         strict string strings structure structures subdivision subfamily subgroup subgroups subnormal subset \
         substring subtraction successor suffix sum support surjective symmetric symmetry syntax tag tagged \
         tail take target ten term test then theorem this to top total trace transfer transitive transpose \
         transversal tree triangle triple trivial true tuple tuples tutorial twist two type types unify union \
         unique uniqueness unit unless unlock unlocked unwrap up update upper using valid value values \
         variable vector vectors view void weak weaken where with word wrap wrapped zero")
});

/// Before `case`: it is a noun.
pub(super) fn tells_which(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("a an another any base both cons corner degenerate each easy edge either empty even every extreme final \
             first former general hard in inductive interesting last latter main negative next nil no \
             nonempty odd one only other our positive previous remaining same second simple special \
             step successor that the third this trivial which whose worst zero")
    });
    WORDS.contains(word)
}

/// Before `have`: it is a verb.
pub(super) fn does(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("also already always both can could do does don't i indeed just may might must never not now only should \
             still that they to we which who will would you")
    });
    WORDS.contains(word)
}

/// Before `exact`: it is an adjective.
pub(super) fn qualifies(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("an and are as be being is its less long more most my not our same short some that the their this very \
             was were what with your")
    });
    WORDS.contains(word)
}

/// Before `apply`: what follows says of what is general that it holds here.
pub(super) fn governs(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("also both can cannot could did didn't do does doesn't don't it may might must not or should still they \
             to would wouldn't")
    });
    WORDS.contains(word)
}

/// Behind `apply` used so.
pub(super) fn says_where(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("again also anymore as because directly equally everywhere for here if in only since there to too unless \
             when whenever")
    });
    WORDS.contains(word)
}

/// What one rewrites without any tactic.
pub(super) fn is_writing(word: &str) -> bool {
    static WORDS: Words = Words::new(|| {
        set("answer argument explanation paragraph proof reasoning response script sentence solution text")
    });
    WORDS.contains(word)
}
