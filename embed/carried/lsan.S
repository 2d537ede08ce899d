// The suppressions of test/support/lsan.supp, so that a sanitizer build needs no environment variable to know them.
.section .rodata.scaler_lsan, "a"
.global scaler_lsan_suppressions
scaler_lsan_suppressions:
.incbin SCALER_LSAN_SUPPRESSIONS
.byte 0
.section .note.GNU-stack, "", @progbits
