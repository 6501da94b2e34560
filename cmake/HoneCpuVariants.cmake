# Reads the @-lines of kernels/cpu/vec_*.h and generates, in the build tree, one C
# file an instruction set (epilogues) and one a register tile, and the table of
# all of them. Sets HONE_CPU_ISAS and HONE_CPU_VARIANT_SOURCES.
set(generated ${PROJECT_BINARY_DIR}/generated/cpu)
set(HONE_CPU_VARIANT_SOURCES ${generated}/cpu_variant_table.c)
set(HONE_CPU_ISAS)
set(table_isas)
set(table_variants)
set(declarations)

# hone_vec_lines(VAR text key): the values of the lines " * @key value".
function(hone_vec_lines var text key)
  string(REGEX MATCHALL "\n \\* @${key}[^\n]*" lines "${text}")
  set(values)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "\n \\* @${key} *" "" value "${line}")
    list(APPEND values "${value}")
  endforeach()
  set(${var} "${values}" PARENT_SCOPE)
endfunction()

# The files in rising @order: later ones are preferred.
file(GLOB vec_files CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/kernels/cpu/vec_*.h)
set(ordered)
foreach(file IN LISTS vec_files)
  file(READ ${file} text)
  hone_vec_lines(order "${text}" order)
  math(EXPR key "1000 + ${order}")
  list(APPEND ordered "${key}|${file}")
  set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${file})
endforeach()
list(SORT ordered)

set(size_f32 4)
set(size_f16 2)
set(size_bf16 2)
set(size_s8 1)

foreach(entry IN LISTS ordered)
  string(REGEX REPLACE "^[0-9]+\\|" "" file "${entry}")
  file(READ ${file} text)
  hone_vec_lines(arch "${text}" arch)
  if(NOT CMAKE_SYSTEM_PROCESSOR MATCHES "^(${arch})$")
    continue()
  endif()
  hone_vec_lines(flags "${text}" flags)
  hone_vec_lines(target "${text}" target)
  hone_vec_lines(lanes "${text}" lanes)
  hone_vec_lines(needs "${text}" needs)
  hone_vec_lines(tiles "${text}" tiles)
  string(REGEX REPLACE ".*/vec_(.*)\\.h" "\\1" HONE_ISA ${file})
  set(HONE_VEC_FILE ${HONE_ISA})
  list(APPEND HONE_CPU_ISAS ${HONE_ISA})
  # -Wno-psabi: vectors are passed between inlined functions only.
  separate_arguments(flag_list UNIX_COMMAND "${flags} -Wno-psabi")

  set(output ${generated}/isa_${HONE_ISA}.c)
  configure_file(${PROJECT_SOURCE_DIR}/kernels/cpu/isa.c.in ${output} @ONLY)
  set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS "${flag_list}")
  list(APPEND HONE_CPU_VARIANT_SOURCES ${output})
  string(APPEND declarations "extern const hone_isa_code hone_isa_${HONE_ISA};\n")
  string(APPEND table_isas
    "    {\"${HONE_ISA}\", \"${needs}\", \"${flags}\", \"${target}\", ${lanes}, &hone_isa_${HONE_ISA}},\n")

  foreach(line IN LISTS tiles)
    string(REPLACE " " ";" words "${line}")
    list(POP_FRONT words HONE_KIND)
    set(HONE_B_SIZE ${size_${HONE_KIND}})
    foreach(tile IN LISTS words)
      string(REGEX MATCH "^([0-9]+)x([0-9]+)$" matched "${tile}")
      if(NOT matched)
        message(FATAL_ERROR "${file}: '@tiles ${line}': '${tile}' is not ROWSxVECTORS")
      endif()
      set(HONE_ROWS ${CMAKE_MATCH_1})
      set(HONE_VECTORS ${CMAKE_MATCH_2})
      math(EXPR columns "${HONE_VECTORS} * ${lanes}")
      set(HONE_NAME gemm_${HONE_KIND}__${HONE_ISA}_${HONE_ROWS}x${columns})
      set(output ${generated}/${HONE_NAME}.c)
      configure_file(${PROJECT_SOURCE_DIR}/kernels/cpu/tile.c.in ${output} @ONLY)
      set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS "${flag_list}")
      list(APPEND HONE_CPU_VARIANT_SOURCES ${output})
      string(APPEND declarations "extern const hone_variant ${HONE_NAME}_variant;\n")
      string(APPEND table_variants "    &${HONE_NAME}_variant,\n")
    endforeach()
  endforeach()
endforeach()

file(CONFIGURE OUTPUT ${generated}/cpu_variant_table.c CONTENT [[
/* Generated: the instruction sets in rising preference, and every register tile. */
#include "cpu_variants.h"

@declarations@
const hone_cpu_isa hone_cpu_isas[] = {
@table_isas@    {0, 0, 0, 0, 0, 0}};

const hone_variant *const hone_cpu_variants[] = {
@table_variants@    0};
]] @ONLY)
