# The project on one system: its packages, apps, checks and development shell.
{
  pkgs,
  pytanque,
  revision,
}:
let
  inherit (pkgs) lib;
  source = import ./source.nix lib;
  program = import ./program.nix { inherit pkgs source; };
  client = import ./pytanque.nix { inherit pkgs pytanque; };

  environment = import ./rocq.nix { inherit pkgs; };
  # Debian has the same two versions, so that the records are the same. The public cache has not all of it.
  rocq = environment {
    inherit (pkgs.coqPackages_8_20) coq coq-lsp;
    mathcomp = pkgs.coqPackages_8_20.mathcomp.override { version = "2.3.0"; };
    description = "Coq 8.20 with MathComp 2.3.0 and petanque";
  };
  # As nixpkgs builds it, and so in the public cache.
  rocq-9_1 = environment {
    inherit (pkgs.coqPackages_9_1) coq mathcomp coq-lsp;
    core = pkgs.coqPackages_9_1.coq.rocqPackages.rocq-core;
    description = "Rocq 9.1 with MathComp and petanque";
  };
  pipelineWith = rocq: import ./pipeline.nix { inherit pkgs program rocq; };
  pipeline = pipelineWith rocq;
  pipeline-rocq-9_1 = pipelineWith rocq-9_1;
  images = import ./images.nix {
    inherit
      pkgs
      program
      pipeline
      revision
      ;
  };
  checks = import ./checks.nix {
    inherit
      pkgs
      source
      program
      pipeline
      pipeline-rocq-9_1
      rocq
      ;
  };
  app = package: {
    type = "app";
    program = lib.getExe package;
    meta.description = package.meta.description;
  };
in
{
  packages = {
    default = pipeline;
    inherit pipeline pipeline-rocq-9_1;
    rocq-distill = program;
    rocq-env = rocq;
    rocq-env-9_1 = rocq-9_1;
    pytanque = client;
  }
  // images;

  apps = {
    default = app pipeline;
    pipeline = app pipeline;
    pipeline-rocq-9_1 = app pipeline-rocq-9_1;
  };

  inherit checks;
  shell = import ./shell.nix {
    inherit
      pkgs
      program
      rocq
      client
      ;
  };
  # Given no file, it takes them all.
  formatter = pkgs.nixfmt-tree;
}
