# Python extension modules: position-independent twins of our rooms and of libuv and Cap'n Proto, and how they are linked.
# Debian's static libraries fit into programs only, so these two are compiled from Debian's source packages, which
# packaging/fetch-sources brings at configure time. Nothing of this exists without SCALER_EXTENSION.
include_guard()
if(NOT SCALER_EXTENSION)
  return()
endif()

set(SCALER_SOURCES ${PROJECT_SOURCE_DIR}/build/sources CACHE PATH "Where fetched Debian source packages are kept")
pkg_check_modules(SCALER_LIBUV REQUIRED libuv)
execute_process(
  COMMAND ${PROJECT_SOURCE_DIR}/packaging/fetch-sources ${SCALER_SOURCES}
    libuv1=${SCALER_LIBUV_VERSION} capnproto=${CapnProto_VERSION}
  COMMAND_ERROR_IS_FATAL ANY)

# ---- third parties: only the files that a client needs ----

# The first line of LIST is the folder, the rest are files in it.
function(scaler_sources_in folder out)
  list(TRANSFORM ARGN PREPEND ${folder}/)
  set(${out} ${ARGN} PARENT_SCOPE)
endfunction()

set(uv_root ${SCALER_SOURCES}/libuv1-${SCALER_LIBUV_VERSION})
scaler_sources_in(${uv_root}/src uv_sources
  fs-poll.c idna.c inet.c random.c strscpy.c strtok.c threadpool.c timer.c uv-common.c uv-data-getter-setters.c version.c
  unix/async.c unix/core.c unix/dl.c unix/epoll.c unix/fs.c unix/getaddrinfo.c unix/getnameinfo.c unix/linux-core.c
  unix/linux-inotify.c unix/linux-syscalls.c unix/loop-watcher.c unix/loop.c unix/pipe.c unix/poll.c unix/process.c
  unix/procfs-exepath.c unix/proctitle.c unix/random-devurandom.c unix/random-getrandom.c unix/random-sysctl-linux.c
  unix/signal.c unix/stream.c unix/tcp.c unix/thread.c unix/tty.c unix/udp.c)
add_library(uv_static_pic STATIC EXCLUDE_FROM_ALL ${uv_sources})
target_include_directories(uv_static_pic SYSTEM PUBLIC ${uv_root}/include PRIVATE ${uv_root}/src)
target_compile_definitions(uv_static_pic PRIVATE _GNU_SOURCE _POSIX_C_SOURCE=200112 _FILE_OFFSET_BITS=64 _LARGEFILE_SOURCE)
target_link_libraries(uv_static_pic PUBLIC Threads::Threads ${CMAKE_DL_LIBS} rt)

# Without reflection: messages, not schemas. Generated code that links to it is compiled with CAPNP_LITE as well.
set(capnp_root ${SCALER_SOURCES}/capnproto-${CapnProto_VERSION})
scaler_sources_in(${capnp_root}/src capnp_sources
  kj/arena.c++ kj/array.c++ kj/common.c++ kj/debug.c++ kj/encoding.c++ kj/exception.c++ kj/hash.c++ kj/io.c++ kj/list.c++
  kj/memory.c++ kj/mutex.c++ kj/source-location.c++ kj/string.c++ kj/table.c++ kj/thread.c++ kj/time.c++ kj/units.c++
  capnp/any.c++ capnp/arena.c++ capnp/blob.c++ capnp/layout.c++ capnp/list.c++ capnp/message.c++ capnp/serialize.c++
  capnp/schema.capnp.c++ capnp/stream.capnp.c++ capnp/c++.capnp.c++)
set_source_files_properties(${capnp_sources} PROPERTIES LANGUAGE CXX)
add_library(capnp_static_pic STATIC EXCLUDE_FROM_ALL ${capnp_sources})
target_include_directories(capnp_static_pic SYSTEM PUBLIC ${capnp_root}/src)
target_compile_definitions(capnp_static_pic PUBLIC CAPNP_LITE)
target_link_libraries(capnp_static_pic PUBLIC Threads::Threads)

foreach(library uv_static_pic capnp_static_pic)
  target_compile_options(${library} PRIVATE -w -fvisibility=hidden -ffunction-sections -fdata-sections)
  set_target_properties(${library} PROPERTIES POSITION_INDEPENDENT_CODE ON UNITY_BUILD OFF)  # their names collide
endforeach()

# ---- ours ----

add_library(scaler_flags_pic INTERFACE)
target_compile_options(scaler_flags_pic INTERFACE ${SCALER_WARNINGS}
  -fPIC -fvisibility=hidden -ffunction-sections -fdata-sections)
if(SCALER_SANITIZE)  # for an interpreter that is started with the sanitizer's library: docs/robustness.md says how
  target_compile_options(scaler_flags_pic INTERFACE ${SCALER_SANITIZERS})
  target_link_options(scaler_flags_pic INTERFACE -fsanitize=address,undefined)
  set(SCALER_STATIC_CXX "")
else()
  set(SCALER_STATIC_CXX -static-libstdc++)
endif()

# scaler_pic_names(out a b): a_pic where there is such a target, the name itself where not (header-only libraries).
function(scaler_pic_names out)
  set(names "")
  foreach(name ${ARGN})
    if(TARGET ${name}_pic)
      list(APPEND names ${name}_pic)
    else()
      list(APPEND names ${name})
    endif()
  endforeach()
  set(${out} ${names} PARENT_SCOPE)
endfunction()

# scaler_extension(_native SOURCES module.cpp DEPS client wire)  ->  target scaler_extension_native, file _native.abi3.so.
# For the limited API of Python 3.8, so one file serves every later CPython. It exports PyInit_<name> and nothing else,
# and needs nothing but the C library and libgcc at run time; Python's own symbols come from the interpreter.
function(scaler_extension name)
  cmake_parse_arguments(arg "" "" "SOURCES;DEPS;LIBS" ${ARGN})
  set(target scaler_extension${name})
  list(TRANSFORM arg_DEPS PREPEND scaler_)
  scaler_pic_names(libraries ${arg_DEPS} ${arg_LIBS})
  set(script ${CMAKE_CURRENT_BINARY_DIR}/${target}.version)
  file(CONFIGURE OUTPUT ${script} CONTENT "{ global: PyInit_${name}; local: *; };\n" @ONLY)

  add_library(${target} MODULE ${arg_SOURCES})
  set_target_properties(${target} PROPERTIES PREFIX "" OUTPUT_NAME ${name} SUFFIX .abi3.so LINK_DEPENDS ${script})
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR} ${PROJECT_SOURCE_DIR}/include)
  target_include_directories(${target} SYSTEM PRIVATE ${SCALER_PYTHON_INCLUDE})
  target_compile_definitions(${target} PRIVATE Py_LIMITED_API=0x03080000)
  target_link_libraries(${target} PRIVATE ${libraries} scaler_flags_pic)
  target_link_options(${target} PRIVATE ${SCALER_STATIC_CXX} -Wl,--gc-sections -Wl,--as-needed -Wl,--exclude-libs,ALL
    -Wl,--version-script=${script} -Wl,-z,relro,-z,now)
endfunction()
