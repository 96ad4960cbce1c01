# The binary with everything that it starts, so that it works on a machine with nothing but Nix.
{
  pkgs,
  program,
  rocq,
}:
pkgs.symlinkJoin {
  name = "rocq-distill-with-rocq-${program.version}";
  paths = [ program ];
  nativeBuildInputs = [ pkgs.makeWrapper ];
  postBuild = ''
    wrapProgram "$out/bin/rocq-distill" --prefix PATH : ${rocq}/bin
  '';
  passthru = { inherit rocq; };
  meta = {
    description = "${program.meta.description} With ${rocq.meta.description}";
    mainProgram = "rocq-distill";
  };
}
