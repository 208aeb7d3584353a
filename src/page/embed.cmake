# cmake -DOUTPUT=file.cpp -DSTYLE=page.css -DSCRIPT=page.js -P embed.cmake: both as text in the program, with their hashes.

# SHA-256 in base64, which CMake has not: three digits of the hexadecimal form are two of base64.
function(hash_of text result)
  set(digits ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/)
  string(SHA256 rest "${text}")
  string(APPEND rest 00)  # the 64 digits come out even
  set(hash "")
  foreach(place RANGE 0 63 3)
    string(SUBSTRING ${rest} ${place} 3 three)
    math(EXPR high "0x${three} >> 6")
    math(EXPR low "0x${three} & 63")
    string(SUBSTRING ${digits} ${high} 1 first)
    string(SUBSTRING ${digits} ${low} 1 second)
    string(APPEND hash ${first}${second})
  endforeach()
  string(SUBSTRING ${hash} 0 43 hash)
  set(${result} "sha256-${hash}=" PARENT_SCOPE)
endfunction()

set(functions "")
foreach(name style script)
  string(TOUPPER ${name} file)
  file(READ ${${file}} text)
  hash_of("${text}" hash)
  string(APPEND functions "
Embedded ${name}() {
  return {.text = R\"page(${text})page\", .hash = \"${hash}\"};
}
")
endforeach()
file(WRITE ${OUTPUT} "// Made by embed.cmake.
#include \"page/embedded.h\"

namespace outbox_relay::page {
${functions}
}  // namespace outbox_relay::page
")
