# The Python client of petanque, for people who look at a proof by hand.
{ pkgs, pytanque }:
pkgs.python3Packages.buildPythonPackage {
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
}
