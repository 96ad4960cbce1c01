{
  description = "Turns a Rocq library into training data for a prover";

  inputs = {
    nixpkgs.url = "github:NixOS/nixpkgs/nixos-26.05";
    pytanque = {
      url = "github:LLM4Rocq/pytanque";
      flake = false;
    };
  };

  outputs =
    {
      self,
      nixpkgs,
      pytanque,
    }:
    let
      inherit (nixpkgs) lib;

      # Only Linux ends a prover together with the program that started it.
      systems = [
        "x86_64-linux"
        "aarch64-linux"
      ];

      # What `.nix` makes of the packages of one system.
      projectOf =
        system:
        import ./.nix {
          inherit pytanque;
          pkgs = nixpkgs.legacyPackages.${system};
          revision = self.shortRev or "dirty";
        };
      perSystem = choose: lib.genAttrs systems (system: choose (projectOf system));
    in
    {
      packages = perSystem (project: project.packages);
      apps = perSystem (project: project.apps);
      checks = perSystem (project: project.checks);
      devShells = perSystem (project: {
        default = project.shell;
      });
      formatter = perSystem (project: project.formatter);
    };
}
