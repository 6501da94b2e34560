# Reads the @-lines of kernels/cpu/vec_*.h and generates, in the build tree, one C
# file an instruction set (epilogues) and one a tile width (a function a number of
# rows), and the table of all of them. Sets HONE_CPU_ISAS, HONE_CPU_TILES and
# HONE_CPU_VARIANT_SOURCES.
set(generated ${PROJECT_BINARY_DIR}/generated/cpu)
set(HONE_CPU_VARIANT_SOURCES ${generated}/cpu_variant_table.c)
set(HONE_CPU_ISAS)
set(HONE_CPU_TILES) # names
set(table_isas)

# Of a call of register tiles: what does not change from tile to tile is not to take
# registers from their sums (gcc spills 9 of the 27 vectors of 9x48 in every group).
set(loop_flags_tile)
if(CMAKE_C_COMPILER_ID STREQUAL GNU)
  set(loop_flags_tile -fno-move-loop-invariants)
endif()
# AArch64 compilers order instructions before they allocate registers, too: loads
# move up and accumulators out into memory.
set(tile_flags)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "^(aarch64|arm64|ARM64)$")
  if(CMAKE_C_COMPILER_ID STREQUAL GNU)
    set(tile_flags -fno-schedule-insns)
  elseif(CMAKE_C_COMPILER_ID MATCHES Clang)
    set(tile_flags -mllvm -enable-misched=false)
  endif()
endif()

# hone_vec_lines(VAR text key): the values of the lines " * @key value"; `key` is an expression.
function(hone_vec_lines var text key)
  string(REGEX MATCHALL "\n \\* @${key}[^\n]*" lines "${text}")
  set(values)
  foreach(line IN LISTS lines)
    string(REGEX REPLACE "\n \\* @${key} *" "" value "${line}")
    list(APPEND values "${value}")
  endforeach()
  set(${var} "${values}" PARENT_SCOPE)
endfunction()

# hone_isa_base(VAR isa text): the instruction set whose epilogues serve `isa`, itself where it has any, and
# VAR_BUT_BF16: the one that has all others, if `isa` has those of C in bf16 alone.
function(hone_isa_base var isa text)
  hone_vec_lines(base "${text}" base)
  set(${var}_BUT_BF16 PARENT_SCOPE)
  if(base MATCHES "^([a-z0-9]+) bf16$")
    set(${var}_BUT_BF16 ${CMAKE_MATCH_1} PARENT_SCOPE)
    set(base)
  endif()
  if(NOT base)
    set(base ${isa})
  endif()
  if(NOT base MATCHES "^[a-z0-9]+$")
    message(FATAL_ERROR "vec_${isa}.h: '@base ${base}' is neither an instruction set nor one with ' bf16' after it")
  endif()
  set(${var} ${base} PARENT_SCOPE)
endfunction()

# hone_isa_row(VAR isa text needs): an initialiser of hone_cpu_isa, from the text of its file.
function(hone_isa_row var isa text needs)
  foreach(key flags target lanes)
    hone_vec_lines(${key} "${text}" ${key})
  endforeach()
  hone_isa_base(base ${isa} "${text}")
  set(${var} "{\"${isa}\", \"${needs}\", \"${flags}\", \"${target}\", ${lanes}, &hone_isa_${base}}" PARENT_SCOPE)
endfunction()

# hone_variant_table(FILE "row;..." "tile;..."): writes hone_cpu_isas and hone_cpu_variants.
function(hone_variant_table output rows tiles)
  set(declarations)
  string(REGEX MATCHALL "hone_isa_[a-z0-9]+" codes "${rows}")
  list(REMOVE_DUPLICATES codes)
  foreach(code IN LISTS codes)
    string(APPEND declarations "extern const hone_isa_code ${code};\n")
  endforeach()
  set(pointers)
  foreach(tile IN LISTS tiles)
    string(APPEND declarations "extern const hone_variant ${tile}_variant;\n")
    string(APPEND pointers "    &${tile}_variant,\n")
  endforeach()
  list(JOIN rows ",\n    " rows)
  file(CONFIGURE OUTPUT ${output} CONTENT [[
/* Generated: the instruction sets in rising preference, and every register tile. */
#include "cpu_variants.h"

@declarations@
const hone_cpu_isa hone_cpu_isas[] = {
    @rows@,
    {0, 0, 0, 0, 0, 0}};

const hone_variant *const hone_cpu_variants[] = {
@pointers@    0};
]] @ONLY)
endfunction()

# hone_generate_tiles(ROWSxVECTORS): the file of one width, from gemm_<loop>.inc.h,
# appended to the lists. Reads the loop's variables.
macro(hone_generate_tiles tile)
  string(REGEX MATCH "^([0-9]+)x([0-9]+)$" matched "${tile}")
  if(NOT matched)
    message(FATAL_ERROR "${file}: '${HONE_LOOP} ${line}': '${tile}' is not ROWSxVECTORS")
  endif()
  set(HONE_ROWS ${CMAKE_MATCH_1})
  set(HONE_VECTORS ${CMAKE_MATCH_2})
  if(${HONE_LOOP} STREQUAL dot) # the lanes run along k
    set(HONE_COLUMNS ${HONE_VECTORS})
    set(HONE_DEPTH ${lanes})
  else()
    math(EXPR HONE_COLUMNS "${HONE_VECTORS} * ${lanes}")
    set(HONE_DEPTH 1)
  endif()
  set(HONE_PEAK peak)
  if(${HONE_LOOP} STREQUAL amx)
    set(HONE_PEAK peak_amx)
  endif()
  set(HONE_NAME gemm_${HONE_KIND}__${HONE_ISA}_${HONE_ROWS}x${HONE_COLUMNS})
  set(HONE_ROW_INCLUDES)
  set(HONE_ROW_NAMES)
  foreach(rows RANGE 1 ${HONE_ROWS})
    string(APPEND HONE_ROW_INCLUDES "#define TILE_ROWS ${rows}\n#include \"gemm_${HONE_LOOP}.inc.h\"\n")
    list(APPEND HONE_ROW_NAMES tile_rows_${rows})
  endforeach()
  list(JOIN HONE_ROW_NAMES ", " HONE_ROW_NAMES)
  set(HONE_BESIDE_INCLUDE)
  set(HONE_BESIDE "0, 0")
  foreach(beside IN LISTS besides)
    if("${HONE_LOOP} ${beside}" MATCHES "^tile ${HONE_KIND} ([0-9]+)x${HONE_VECTORS}$"
       AND NOT CMAKE_MATCH_1 GREATER HONE_ROWS)
      list(REMOVE_ITEM besides "${beside}")
      set(HONE_BESIDE_INCLUDE "#define TILE_ROWS ${CMAKE_MATCH_1}\n#include \"gemm_beside.inc.h\"\n")
      set(HONE_BESIDE "${CMAKE_MATCH_1}, besides")
    endif()
  endforeach()
  set(output ${generated}/${HONE_NAME}.c)
  configure_file(${PROJECT_SOURCE_DIR}/kernels/cpu/tile.c.in ${output} @ONLY)
  set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS
    "${flag_list};${tile_flags};${loop_flags_${HONE_LOOP}}")
  list(APPEND HONE_CPU_VARIANT_SOURCES ${output})
  list(APPEND HONE_CPU_TILES ${HONE_NAME})
endmacro()

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
  hone_vec_lines(lanes "${text}" lanes)
  hone_vec_lines(needs "${text}" needs)
  string(REGEX REPLACE ".*/vec_(.*)\\.h" "\\1" HONE_ISA ${file})
  set(HONE_VEC_FILE ${HONE_ISA})
  list(APPEND HONE_CPU_ISAS ${HONE_ISA})
  # -Wno-psabi: vectors are passed between inlined functions only.
  separate_arguments(flag_list UNIX_COMMAND "${flags} -Wno-psabi")
  list(APPEND flag_list ${HONE_KERNEL_OPTIONS})

  # What only replaces products shares the epilogues of the instruction set it extends.
  hone_isa_base(base ${HONE_ISA} "${text}")
  if(base STREQUAL HONE_ISA)
    set(HONE_ISA_BASE)
    if(base_BUT_BF16)
      set(HONE_ISA_BASE "#define ISA_BASE hone_isa_${base_BUT_BF16}\n")
    endif()
    set(output ${generated}/isa_${HONE_ISA}.c)
    configure_file(${PROJECT_SOURCE_DIR}/kernels/cpu/isa.c.in ${output} @ONLY)
    set_source_files_properties(${output} PROPERTIES COMPILE_OPTIONS "${flag_list}")
    list(APPEND HONE_CPU_VARIANT_SOURCES ${output})
  endif()
  hone_isa_row(row ${HONE_ISA} "${text}" "${needs}")
  list(APPEND table_isas "${row}")

  hone_vec_lines(besides "${text}" beside)
  foreach(HONE_LOOP tile dot amx)
    hone_vec_lines(lines "${text}" "${HONE_LOOP}s?")
    foreach(line IN LISTS lines)
      string(REPLACE " " ";" words "${line}")
      list(POP_FRONT words HONE_KIND)
      set(HONE_B_SIZE ${size_${HONE_KIND}})
      foreach(tile IN LISTS words)
        hone_generate_tiles(${tile})
      endforeach()
    endforeach()
  endforeach()
  if(besides)
    message(FATAL_ERROR "${file}: no '@tiles' line has the tiles of '@beside ${besides}'")
  endif()
endforeach()

hone_variant_table(${generated}/cpu_variant_table.c "${table_isas}" "${HONE_CPU_TILES}")
