/* tidegate convert: the codec as a filter. */
#ifndef TG_TOOL_CONVERT_H
#define TG_TOOL_CONVERT_H

/* The arguments behind "convert". 0: it went well; 1: the input was refused or can't be read;
 * 2: a wrong command line. */
int tg_tool_convert(int argc, char **argv);

#endif
