// The module for other interpreters, as data of the program.
  .section .rodata.scaler_foreign, "a"
  .global scaler_foreign_module
scaler_foreign_module:
  .incbin SCALER_FOREIGN_MODULE
  .global scaler_foreign_module_end
scaler_foreign_module_end:
  .byte 0
  .section .note.GNU-stack, "", @progbits
