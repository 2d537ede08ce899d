// The module for other interpreters, packed by gzip, as data of the program.
  .section .rodata.scaler_foreign, "a"
  .balign 8
  .global scaler_foreign_module_size
scaler_foreign_module_size:
  .quad 1f - scaler_foreign_module
  .global scaler_foreign_module
scaler_foreign_module:
  .incbin SCALER_FOREIGN_MODULE
1:
  .section .note.GNU-stack, "", @progbits
