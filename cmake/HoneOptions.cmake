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
