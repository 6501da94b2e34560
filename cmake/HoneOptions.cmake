# Interface target with what every target of the project is compiled with.
add_library(hone_options INTERFACE)
target_compile_options(hone_options INTERFACE -Wall -Wextra -Wshadow -Wvla -Wpointer-arith
                       $<$<COMPILE_LANGUAGE:C>:-Wstrict-prototypes -Wmissing-prototypes>)
target_compile_definitions(hone_options INTERFACE _GNU_SOURCE)
if(HONE_WERROR)
  target_compile_options(hone_options INTERFACE -Werror)
endif()
if(HONE_SANITIZE)
  target_compile_options(hone_options INTERFACE -fsanitize=${HONE_SANITIZE}
                         -fno-sanitize-recover=all -fno-omit-frame-pointer)
  target_link_options(hone_options INTERFACE -fsanitize=${HONE_SANITIZE})
endif()

# What generated kernels are compiled with beside that. Inlined checks would take most of a sanitized build, so
# AddressSanitizer's are calls, of vectors to those of asan_vectors.h, and what is read or written through a pointer it
# alone sees there; a pointer that wraps and is not used is not looked for.
set(HONE_KERNEL_OPTIONS)
if(HONE_SANITIZE MATCHES address AND CMAKE_C_COMPILER_ID STREQUAL GNU)
  set(HONE_KERNEL_OPTIONS --param=asan-instrumentation-with-call-threshold=0
      -fno-sanitize=null,object-size,pointer-overflow -include ${CMAKE_CURRENT_LIST_DIR}/asan_vectors.h)
endif()
