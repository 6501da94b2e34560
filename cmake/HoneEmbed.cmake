# hone_embed(VAR file...) writes one C source that defines, for each file, the
# string `hone_embedded_<name>` (name with . and - as _), and sets VAR to it.
# Also writes embedded_list.h (LIST_NAME another) with one row HONE_EMBEDDED("file", symbol) each.
# Run at build time, so an edited file is embedded again.
function(hone_embed var)
  cmake_parse_arguments(PARSE_ARGV 1 embed "" LIST_NAME "")
  if(NOT embed_LIST_NAME)
    set(embed_LIST_NAME embedded_list.h)
  endif()
  set(outputs)
  set(rows)
  foreach(file IN LISTS embed_UNPARSED_ARGUMENTS)
    get_filename_component(name ${file} NAME)
    string(REGEX REPLACE "[^A-Za-z0-9]" "_" symbol ${name})
    set(output ${CMAKE_CURRENT_BINARY_DIR}/embedded_${symbol}.c)
    add_custom_command(OUTPUT ${output}
      COMMAND ${CMAKE_COMMAND} -DINPUT=${CMAKE_CURRENT_SOURCE_DIR}/${file} -DOUTPUT=${output}
              -DSYMBOL=hone_embedded_${symbol} -P ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake
      DEPENDS ${file} ${PROJECT_SOURCE_DIR}/cmake/embed_file.cmake VERBATIM)
    list(APPEND outputs ${output})
    string(APPEND rows "HONE_EMBEDDED(\"${name}\", hone_embedded_${symbol})\n")
  endforeach()
  file(CONFIGURE OUTPUT ${embed_LIST_NAME} CONTENT "/* Generated. */\n@rows@" @ONLY)
  set(${var} ${outputs} PARENT_SCOPE)
endfunction()
