# scaler_module(zmtp SOURCES session.cpp DEPS base)  ->  library scaler_zmtp from the current folder.
# Sources are listed by name: a file that nobody lists is dead, and test/tidy says so. PRIVATE_LIBS stay out of its interface.
# SMALL: compiled for size; for rooms where a task spends little of its time.
# With SCALER_EXTENSION there is a scaler_zmtp_pic too, the same for extension modules; it is compiled when one needs it.
function(scaler_module name)
  cmake_parse_arguments(arg "SMALL" "" "SOURCES;DEPS;LIBS;PRIVATE_LIBS" ${ARGN})
  list(TRANSFORM arg_DEPS PREPEND scaler_)
  add_library(scaler_${name} STATIC ${arg_SOURCES})
  target_include_directories(scaler_${name} PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
  target_link_libraries(scaler_${name} PUBLIC scaler_flags ${arg_DEPS} ${arg_LIBS} PRIVATE ${arg_PRIVATE_LIBS})
  if(arg_SMALL)
    target_compile_options(scaler_${name} PRIVATE $<$<CONFIG:Release>:-Os>)
  endif()
  if(SCALER_EXTENSION)
    scaler_pic_names(public scaler_flags ${arg_DEPS} ${arg_LIBS})
    scaler_pic_names(private ${arg_PRIVATE_LIBS})
    add_library(scaler_${name}_pic STATIC EXCLUDE_FROM_ALL ${arg_SOURCES})
    target_include_directories(scaler_${name}_pic
      PUBLIC ${PROJECT_SOURCE_DIR}/include PRIVATE ${PROJECT_SOURCE_DIR}/src)
    target_link_libraries(scaler_${name}_pic PUBLIC ${public} PRIVATE ${private})
  endif()
endfunction()

# scaler_test(zmtp SOURCES session_test.cpp DEPS zmtp)  ->  one Catch2 program, one ctest entry, labelled "unit".
# GOLDEN: it reads the recorded sessions of test/golden.
function(scaler_test name)
  cmake_parse_arguments(arg "GOLDEN" "" "SOURCES;DEPS;LIBS;LABELS" ${ARGN})
  add_executable(${name}_test ${arg_SOURCES})
  list(TRANSFORM arg_DEPS PREPEND scaler_)
  target_include_directories(${name}_test PRIVATE ${PROJECT_SOURCE_DIR}/test ${PROJECT_SOURCE_DIR}/src)
  target_include_directories(${name}_test SYSTEM PRIVATE ${SCALER_CATCH_INCLUDE})
  if(arg_GOLDEN)  # only where it is read: a path in the command line keeps a compile cache from serving two clones
    target_compile_definitions(${name}_test PRIVATE SCALER_GOLDEN_DIR="${PROJECT_SOURCE_DIR}/test/golden")
  endif()
  target_link_libraries(${name}_test PRIVATE ${arg_DEPS} ${arg_LIBS} catch_main scaler_flags)
  # Assertions expand to much code that needs no speed; what is tested keeps every check and its optimisation.
  target_compile_definitions(${name}_test PRIVATE CATCH_CONFIG_FAST_COMPILE)
  target_compile_options(${name}_test PRIVATE -O0)
  if(SCALER_SANITIZE)
    target_compile_options(${name}_test PRIVATE -fno-sanitize=null,alignment,vptr,object-size)
  endif()
  if(NOT arg_LABELS)
    set(arg_LABELS unit)
  endif()
  add_test(NAME ${name} COMMAND ${name}_test)
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABELS}" TIMEOUT 300)
endfunction()
