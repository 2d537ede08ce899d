# Every third party is a static archive or header-only, from Debian's packages; only libc, libm and ld.so stay dynamic.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(CapnProto REQUIRED)  # for capnp_generate_cpp; its own imported targets are shared, so they are not linked

# An imported static library, found by its exact file name so that a shared one is never taken by mistake.
function(scaler_static_library name file)
  cmake_parse_arguments(arg "" "" "LINK;INCLUDE" ${ARGN})
  find_library(${name}_archive NAMES ${file} REQUIRED)
  add_library(${name} STATIC IMPORTED GLOBAL)
  set_target_properties(${name} PROPERTIES
    IMPORTED_LOCATION ${${name}_archive}
    INTERFACE_LINK_LIBRARIES "${arg_LINK}"
    INTERFACE_INCLUDE_DIRECTORIES "${arg_INCLUDE}")
endfunction()

scaler_static_library(uv_static libuv_a.a LINK Threads::Threads ${CMAKE_DL_LIBS} rt)
scaler_static_library(kj_static libkj.a LINK Threads::Threads)
scaler_static_library(capnp_static libcapnp.a LINK kj_static)
scaler_static_library(mbedcrypto_static libmbedcrypto.a)
scaler_static_library(mbedx509_static libmbedx509.a LINK mbedcrypto_static)
scaler_static_library(mbedtls_static libmbedtls.a LINK mbedx509_static)  # fits into modules too: it has no data of its own to export
scaler_static_library(z_static libz.a)
scaler_static_library(expat_static libexpat.a)

set(SCALER_PYTHON_VERSION 3.11)
find_path(SCALER_PYTHON_INCLUDE Python.h PATHS /usr/include/python${SCALER_PYTHON_VERSION} NO_DEFAULT_PATH REQUIRED)
scaler_static_library(python_static libpython${SCALER_PYTHON_VERSION}.a
  LINK z_static expat_static m ${CMAKE_DL_LIBS} Threads::Threads
  INCLUDE ${SCALER_PYTHON_INCLUDE})

find_path(SCALER_FMT_INCLUDE fmt/format.h REQUIRED)
find_path(SCALER_CXXOPTS_INCLUDE cxxopts.hpp REQUIRED)
find_path(SCALER_TOMLPP_INCLUDE toml++/toml.h REQUIRED)
add_library(fmt_headers INTERFACE)  # src/base/fmt_library.cpp is what they declare
target_include_directories(fmt_headers SYSTEM INTERFACE ${SCALER_FMT_INCLUDE})
add_library(cxxopts_headers INTERFACE)
target_include_directories(cxxopts_headers SYSTEM INTERFACE ${SCALER_CXXOPTS_INCLUDE})
add_library(tomlpp_headers INTERFACE)
target_include_directories(tomlpp_headers SYSTEM INTERFACE ${SCALER_TOMLPP_INCLUDE})
target_compile_definitions(tomlpp_headers INTERFACE TOML_HEADER_ONLY=1)

if(SCALER_TESTS)
  find_path(SCALER_CATCH_INCLUDE catch2/catch.hpp REQUIRED)
  scaler_static_library(catch_main libCatch2WithMain.a)
endif()
