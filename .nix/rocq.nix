# Coq 8.20 with MathComp 2.3.0 and petanque. Debian has the same two versions, so that the records are the same.
{ pkgs, pytanque }:
let
  inherit (pkgs.coqPackages_8_20) coq;
  inherit (coq) ocamlPackages;
  coqVersion = "8.20";

  mathcomp = pkgs.coqPackages_8_20.mathcomp.override { version = "2.3.0"; };

  # The package leaves out what `pet-server` is built with, and `pet` does not find Coq's plugins by itself.
  coq-lsp = pkgs.coqPackages_8_20.coq-lsp.overrideAttrs (old: {
    propagatedBuildInputs = old.propagatedBuildInputs ++ [
      ocamlPackages.logs
      ocamlPackages.lwt
    ];
    nativeBuildInputs = old.nativeBuildInputs ++ [ pkgs.makeWrapper ];
    postInstall = (old.postInstall or "") + ''
      for program in "$out"/bin/*; do
        wrapProgram "$program" --prefix OCAMLPATH : "$OCAMLFIND_DESTDIR:$OCAMLPATH"
      done
    '';
  });
in
{
  # Coq, its libraries and petanque in one folder, as if installed together: `coqidetop -where` names the folder that
  # holds MathComp too. The hooks of Coq and OCaml collect where the libraries and their plugins are.
  env =
    pkgs.runCommand "rocq-env"
      {
        nativeBuildInputs = [
          pkgs.makeWrapper
          ocamlPackages.ocaml
          ocamlPackages.findlib
        ];
        buildInputs = [
          coq
          mathcomp
          coq-lsp
        ];
        meta.description = "Coq ${coqVersion} with MathComp 2.3.0 and petanque";
      }
      ''
        mkdir -p "$out/bin" "$out/lib"
        cp --recursive --symbolic-link --no-preserve=mode ${coq}/lib/coq "$out/lib/coq"
        mkdir -p "$out/lib/coq/user-contrib"
        IFS=: read -r -a libraries <<<"$COQPATH"
        # A library is named as often as something needs it.
        for library in "''${libraries[@]}"; do
          cp --recursive --symbolic-link --force --no-preserve=mode "$library/." "$out/lib/coq/user-contrib/"
        done
        for program in ${coq}/bin/* ${coq-lsp}/bin/*; do
          makeWrapper "$program" "$out/bin/''${program##*/}" \
            --set COQLIB "$out/lib/coq" --set COQCORELIB ${coq}/lib/coq-core --set OCAMLPATH "$OCAMLPATH" \
            --unset COQPATH --unset ROCQPATH
        done
        [[ -e $out/bin/coqidetop ]] || ln -s coqidetop.opt "$out/bin/coqidetop"
      '';

  # The Python client, for people who look at a proof by hand.
  pytanque = pkgs.python3Packages.buildPythonPackage {
    pname = "pytanque";
    version = "0.2.2";
    pyproject = true;
    src = pytanque;
    build-system = [ pkgs.python3Packages.setuptools ];
    dependencies = [
      pkgs.python3Packages.requests
      pkgs.python3Packages.typing-extensions
    ];
    pythonImportsCheck = [ "pytanque" ];
    # They need a running server.
    doCheck = false;
  };
}
