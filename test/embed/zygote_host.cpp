// The hidden command alone, for the fake agent of zygote_test to start.
#include "embed/cpython/zygote.hpp"

int main(int argc, char** argv) { return scaler::embed::zygote_main(argc, argv); }
