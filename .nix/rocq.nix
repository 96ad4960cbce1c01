# Rocq, its libraries and petanque in one folder, as if installed together: `coqidetop -where` names the folder that holds
# MathComp too.
{ pkgs }:
{
  coq,
  # The package that has the library which every file loads; since 9.0 it is not `coq`, which stands in for older names.
  core ? coq,
  mathcomp,
  coq-lsp,
  description,
}:
let
  inherit (coq) ocamlPackages;

  # The package leaves out what `pet-server` is built with, and `pet` does not find Coq's plugins by itself.
  petanque = coq-lsp.overrideAttrs (old: {
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
# The hooks of Rocq and OCaml collect where the libraries and their plugins are.
pkgs.runCommand "rocq-env"
  {
    nativeBuildInputs = [
      pkgs.makeWrapper
      ocamlPackages.ocaml
      ocamlPackages.findlib
    ];
    buildInputs = [
      coq
      core
      mathcomp
      petanque
    ];
    meta = { inherit description; };
  }
  ''
    mkdir -p "$out/bin" "$out/lib"
    cp --recursive --symbolic-link --no-preserve=mode ${core}/lib/coq "$out/lib/coq"
    mkdir -p "$out/lib/coq/user-contrib"
    IFS=: read -r -a libraries <<<"''${COQPATH-}:''${ROCQPATH-}"
    # A library is named as often as something needs it.
    for library in "''${libraries[@]}"; do
      [[ -z $library ]] ||
        cp --recursive --symbolic-link --force --no-preserve=mode "$library/." "$out/lib/coq/user-contrib/"
    done
    for program in ${coq}/bin/* ${petanque}/bin/*; do
      makeWrapper "$program" "$out/bin/''${program##*/}" \
        --set COQLIB "$out/lib/coq" --set COQCORELIB ${coq}/lib/coq-core \
        --set ROCQLIB "$out/lib/coq" --set ROCQRUNTIMELIB ${core}/lib/rocq-runtime \
        --set OCAMLPATH "$OCAMLPATH" --unset COQPATH --unset ROCQPATH
    done
    [[ -e $out/bin/coqidetop ]] || ln -s coqidetop.opt "$out/bin/coqidetop"
  ''
