// Brings the generated part of config/README.md up to date: `config-reference config/README.md`.
#include <fstream>
#include <iostream>
#include <iterator>
#include <string>

#include "config/reference.h"

int main(int count, char** arguments) {
  if (count != 2) {
    std::cerr << "usage: config-reference config/README.md\n";
    return 2;
  }
  std::ifstream in(arguments[1], std::ios::binary);
  const std::string document{std::istreambuf_iterator<char>(in), std::istreambuf_iterator<char>()};
  in.close();
  std::ofstream out(arguments[1], std::ios::binary | std::ios::trunc);
  out << outbox_relay::config::with_reference(document) << std::flush;
  if (out) return 0;
  std::cerr << "config-reference: " << arguments[1] << " cannot be written\n";
  return 1;
}
