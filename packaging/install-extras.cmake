# Run by cmake --install behind the program: manual pages and completions, written by the program itself from its option
# tables, and units for systemd with the program's place filled in. Needs `bin`, `share`, `units_from`, `prefix`.
set(program "${bin}/scaler")
file(MAKE_DIRECTORY "${share}/man/man1")
execute_process(COMMAND "${program}" help --man "${share}/man/man1" COMMAND_ERROR_IS_FATAL ANY)

function(install_completion shell path)
  get_filename_component(folder "${share}/${path}" DIRECTORY)
  file(MAKE_DIRECTORY "${folder}")
  execute_process(COMMAND "${program}" completion ${shell}
                  OUTPUT_FILE "${share}/${path}" COMMAND_ERROR_IS_FATAL ANY)
endfunction()
install_completion(bash bash-completion/completions/scaler)
install_completion(zsh zsh/site-functions/_scaler)
install_completion(fish fish/vendor_completions.d/scaler.fish)

# bash looks a completion up by the command's name.
foreach(name ${links})
  file(CREATE_LINK scaler "${share}/bash-completion/completions/scaler_${name}" SYMBOLIC)
endforeach()

set(SCALER_BIN "${prefix}/bin/scaler")
file(GLOB units "${units_from}/*.service")
foreach(unit ${units})
  get_filename_component(name "${unit}" NAME)
  configure_file("${unit}" "${bin}/../lib/systemd/system/${name}" @ONLY)
endforeach()
