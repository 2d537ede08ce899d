# Python sources become read-only data of the program: one .incbin each, and a table with their names.

# scaler_carry(TABLE MODULE scaler.about FILE /path/about.py [MODULE ... FILE ...])
# adds rows to the list variable TABLE: "module|file". A file called __init__.py is a package.
function(scaler_carry_tree table root)
  set(rows ${${table}})
  foreach(file ${ARGN})
    string(REGEX REPLACE "\\.py$" "" module "${file}")
    string(REGEX REPLACE "/__init__$" "" module "${module}")
    string(REPLACE "/" "." module "${module}")
    list(APPEND rows "${module}|${root}/${file}")
  endforeach()
  set(${table} ${rows} PARENT_SCOPE)
endfunction()

# An installed pure Python package, as a copy of last resort for machines that do not have it.
function(scaler_carry_installed table package)
  set(root /usr/lib/python3/dist-packages)
  file(GLOB files RELATIVE ${root} CONFIGURE_DEPENDS ${root}/${package}/*.py)
  if(NOT files)
    message(STATUS "${package}: not found under ${root} (Debian's python3-${package}), so no copy of it is carried; "
                   "tasks will need it in their environment")
    return()
  endif()
  set(rows ${${table}})
  scaler_carry_tree(rows ${root} ${files})
  set(${table} ${rows} PARENT_SCOPE)
endfunction()

# Writes <name>.S and <name>_table.cpp, which define carried_modules() of carried/carried.hpp, and sets <name>_SOURCES.
function(scaler_write_carried name)
  set(assembly ".section .rodata.scaler_carried, \"a\"\n")
  set(declarations "")
  set(rows "")
  set(files "")
  set(index 0)
  foreach(row ${ARGN})
    string(REPLACE "|" ";" parts "${row}")
    list(GET parts 0 module)
    list(GET parts 1 file)
    set(symbol scaler_carried_${index})
    string(APPEND assembly ".global ${symbol}\n${symbol}:\n.incbin \"${file}\"\n"
                           ".global ${symbol}_end\n${symbol}_end:\n.byte 0\n")
    string(APPEND declarations "extern \"C\" const char ${symbol}[];\nextern \"C\" const char ${symbol}_end[];\n")
    if(file MATCHES "/__init__\\.py$")
      set(is_package true)
    else()
      set(is_package false)
    endif()
    string(APPEND rows "      {\"${module}\", ${is_package}, {${symbol}, static_cast<std::size_t>(${symbol}_end - ${symbol})}},\n")
    list(APPEND files ${file})
    math(EXPR index "${index} + 1")
  endforeach()
  string(APPEND assembly ".section .note.GNU-stack, \"\", @progbits\n")

  set(assembly_file ${CMAKE_CURRENT_BINARY_DIR}/${name}.S)
  set(table_file ${CMAKE_CURRENT_BINARY_DIR}/${name}_table.cpp)
  file(CONFIGURE OUTPUT ${assembly_file} CONTENT "${assembly}" @ONLY)
  file(CONFIGURE OUTPUT ${table_file} CONTENT
"// Written by embed.cmake.
#include \"embed/carried/carried.hpp\"

${declarations}
namespace scaler::embed {

std::span<const CarriedModule> carried_modules() {
  static const CarriedModule table[] = {
${rows}  };
  return table;
}

}  // namespace scaler::embed
" @ONLY)
  set_source_files_properties(${assembly_file} PROPERTIES OBJECT_DEPENDS "${files}")
  set(${name}_SOURCES ${assembly_file} ${table_file} PARENT_SCOPE)
endfunction()
