# cmake -DOUTPUT=file.cpp "-DFILES=a.sql;b.sql" -P embed_sql.cmake: the files as text in the program.
set(entries "")
foreach(file IN LISTS FILES)
  file(READ ${file} text)
  get_filename_component(name ${file} NAME_WE)
  string(APPEND entries "    {\"${name}\", R\"sql(${text})sql\"},\n")
endforeach()
file(WRITE ${OUTPUT} "// Made by embed_sql.cmake from deploy/sql.
#include \"cli/sql_files.h\"

namespace outbox_relay::cli {
namespace {

constexpr SqlFile files[] = {
${entries}};

}  // namespace

std::span<const SqlFile> sql_files() {
  return files;
}

}  // namespace outbox_relay::cli
")
