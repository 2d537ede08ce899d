# scaler_fuzz_target(wire_decode SOURCES wire_decode_fuzz.cpp DEPS wire)  ->  program wire_decode_fuzz, ctest entry
# fuzz_wire_decode, labelled "fuzz", over the files of test/fuzz/corpus/wire_decode.
# The sources define LLVMFuzzerTestOneInput. With SCALER_FUZZ (Clang) libFuzzer drives it and searches:
#   build/fuzz/test/fuzz/wire_decode_fuzz test/fuzz/corpus/wire_decode
# Without, replay.cpp drives it, so that every build runs the corpus once.
function(scaler_fuzz_target name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  set(corpus ${PROJECT_SOURCE_DIR}/test/fuzz/corpus/${name})
  add_executable(${name}_fuzz ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND scaler_)
  target_include_directories(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(${name}_fuzz PRIVATE ${arg_DEPS} ${arg_LIBS} scaler_flags)
  if(SCALER_FUZZ)
    target_link_options(${name}_fuzz PRIVATE -fsanitize=fuzzer)
    add_test(NAME fuzz_${name} COMMAND ${name}_fuzz -runs=0 ${corpus})
  else()
    target_sources(${name}_fuzz PRIVATE ${PROJECT_SOURCE_DIR}/test/fuzz/replay.cpp)
    add_test(NAME fuzz_${name} COMMAND ${name}_fuzz ${corpus})
  endif()
  set_tests_properties(fuzz_${name} PROPERTIES LABELS fuzz TIMEOUT 300)
endfunction()
