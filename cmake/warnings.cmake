# One interface target carries how our own code is compiled. Third-party headers are SYSTEM and stay out of it.
set(SCALER_WARNINGS -Wall -Wextra -Wconversion -Wshadow -Wnon-virtual-dtor -Werror)
if(SCALER_UNITY)  # of files that are compiled together, one's own constants and types are no fault of the next
  list(APPEND SCALER_WARNINGS -Wno-shadow -Wno-subobject-linkage)
endif()
add_library(scaler_flags INTERFACE)
target_compile_options(scaler_flags INTERFACE ${SCALER_WARNINGS}
  -fno-pie -ffunction-sections -fdata-sections)
# Debian's libpython3.11.a is not position independent, so neither is the program.
target_link_options(scaler_flags INTERFACE -no-pie -Wl,--gc-sections)

set(SCALER_SANITIZERS -fsanitize=address,undefined -fno-sanitize-recover=all -fno-omit-frame-pointer)
if(SCALER_SANITIZE)
  target_compile_options(scaler_flags INTERFACE ${SCALER_SANITIZERS})
  target_link_options(scaler_flags INTERFACE -fsanitize=address,undefined)
endif()
# GCC 12 reports it inside the standard library with sanitizers, and for moved variants at -O3.
target_compile_options(scaler_flags INTERFACE $<$<CXX_COMPILER_ID:GNU>:-Wno-maybe-uninitialized>)
if(SCALER_FUZZ)
  target_compile_options(scaler_flags INTERFACE -fsanitize=fuzzer-no-link)
endif()
if(SCALER_LTO)
  include(CheckIPOSupported)
  check_ipo_supported()
  set(CMAKE_INTERPROCEDURAL_OPTIMIZATION ON)
endif()
