# Container images: with Coq, MathComp and petanque, and the binary alone for the steps that need no prover.
{
  pkgs,
  program,
  pipeline,
  revision,
}:
let
  image =
    name: contents:
    pkgs.dockerTools.buildLayeredImage {
      inherit name;
      tag = program.version;
      contents = contents ++ [
        # Apptainer starts what it runs by a shell, and the model steps talk TLS.
        pkgs.dockerTools.binSh
        pkgs.dockerTools.caCertificates
      ];
      extraCommands = ''
        mkdir -m 1777 tmp
        mkdir -m 0777 data
      '';
      config = {
        Entrypoint = [ "/bin/rocq-distill" ];
        Cmd = [ "--help" ];
        # Any user will do: nothing is written but below the working folder and /tmp.
        User = "10001:10001";
        WorkingDir = "/data";
        Env = [
          "PATH=/bin"
          "HOME=/tmp"
          "LC_ALL=C.UTF-8"
          "SSL_CERT_FILE=/etc/ssl/certs/ca-certificates.crt"
        ];
        Labels = {
          "org.opencontainers.image.title" = name;
          "org.opencontainers.image.description" = program.meta.description;
          "org.opencontainers.image.licenses" = "MIT OR Apache-2.0";
          "org.opencontainers.image.version" = program.version;
          "org.opencontainers.image.revision" = revision;
        };
      };
    };
in
{
  image = image "rocq-distill" [ pipeline ];
  image-without-rocq = image "rocq-distill-without-rocq" [ program ];
}
