# What `nix flake check` builds; a check that passes leaves an empty output.
{
  pkgs,
  source,
  program,
  pipeline,
  pipeline-rocq-9_1,
  rocq,
}:
let
  # A cargo command on the source that the binary is built from, with the same vendored crates.
  cargo =
    name: inputs: command:
    program.overrideAttrs (old: {
      pname = "rocq-distill-${name}";
      nativeBuildInputs = old.nativeBuildInputs ++ inputs;
      buildPhase = ''
        export HOME=$TMPDIR INSTA_UPDATE=no INSTA_WORKSPACE_ROOT=$PWD
        ${command}
      '';
      installPhase = "touch $out";
      dontFixup = true;
    });

  testTools = [
    pkgs.cargo-nextest
    # A client of an `https` server cannot be made without certificates.
    pkgs.cacert
    # For the scripted server of petanque.
    pkgs.python3
    # Its `unshare` lets a test mount a small disk.
    pkgs.util-linux
    rocq
  ];

  nixFiles = pkgs.lib.fileset.toSource {
    root = ../.;
    fileset = pkgs.lib.fileset.unions [
      ../flake.nix
      ./.
    ];
  };

  # Both servers start, and petanque replays a file of MathComp as coqidetop does.
  petanque =
    pipeline:
    shell "petanque" [ pipeline pipeline.rocq ] ''
      pet --version
      pet-server --version
      bash ${source}/tests/live/petanque
      touch $out
    '';

  shell = name: inputs: pkgs.runCommand "rocq-distill-${name}" { nativeBuildInputs = inputs; };
in
{
  build = program;
  fmt = cargo "fmt" [ pkgs.rustfmt ] "cargo fmt --all --check";
  clippy = cargo "clippy" [ pkgs.clippy ] "cargo clippy --all-targets --offline -- -D warnings";
  docs = cargo "docs" [ ] "RUSTDOCFLAGS='-D warnings' cargo doc --no-deps --offline";

  tests = cargo "tests" testTools "cargo nextest run --offline -E 'not test(/^mathcomp::/)'";
  mathcomp = cargo "mathcomp" testTools "cargo nextest run --offline -E 'test(/^mathcomp::/)'";

  # The package of coq-lsp gets neither server right by itself. One check a Rocq, so that none hides the other's.
  petanque = petanque pipeline;
  petanque-rocq-9_1 = petanque pipeline-rocq-9_1;

  # One digest for any number of provers and for an array of shards: the committed one, which other ways of installing
  # Coq must give too.
  reproducibility = shell "reproducibility" [ pipeline ] ''
    bash ${source}/tests/reproduce --jobs 1
    bash ${source}/tests/reproduce --jobs 3
    bash ${source}/tests/reproduce --shards 3
    touch $out
  '';

  nixfmt = shell "nixfmt" [ pkgs.nixfmt ] ''
    nixfmt --check ${nixFiles}/flake.nix ${nixFiles}/.nix/*.nix
    touch $out
  '';
  deadnix = shell "deadnix" [ pkgs.deadnix ] ''
    deadnix --fail --hidden ${nixFiles}
    touch $out
  '';
}
