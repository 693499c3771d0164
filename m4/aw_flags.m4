# SPDX-License-Identifier: Apache-2.0
#
# Asks the compiler and the linker about one flag at a time. What a compiler
# accepts differs between gcc and clang and between their versions, so nothing
# is assumed. -Werror turns "unknown option, ignored" into a refusal.

# AW_FLAG_NOTE(yes|no, FLAG): remembers the answer for the closing table.
AC_DEFUN([AW_FLAG_NOTE], [
	AS_IF([test "$1" = yes],
	    [aw_accepted="$aw_accepted $2"], [aw_refused="$aw_refused $2"])
])

# AW_CFLAG(VARIABLE, FLAG, [IF-REFUSED])
# Appends FLAG to VARIABLE if the compiler takes it. The test includes a
# system header, so that _FORTIFY_SOURCE without optimisation is noticed.
AC_DEFUN([AW_CFLAG], [
	AS_VAR_PUSHDEF([aw_var], [aw_cv_cflag_$2])
	AC_CACHE_CHECK([whether the compiler takes $2], [aw_var], [
		aw_saved_CFLAGS=$CFLAGS
		CFLAGS="$CFLAGS $aw_need -Werror $2"
		AC_COMPILE_IFELSE([AC_LANG_SOURCE([
#include <stdlib.h>
int answer(void);
int answer(void) { return 42; }
])], [AS_VAR_SET([aw_var], [yes])], [AS_VAR_SET([aw_var], [no])])
		CFLAGS=$aw_saved_CFLAGS
	])
	AS_VAR_COPY([aw_answer], [aw_var])
	AW_FLAG_NOTE([$aw_answer], [$2])
	AS_IF([test "$aw_answer" = yes], [AS_VAR_APPEND([$1], [" $2"])], [$3])
	AS_VAR_POPDEF([aw_var])
])

# AW_LDFLAG(VARIABLE, FLAG)
# Appends FLAG to VARIABLE if a program links with it.
AC_DEFUN([AW_LDFLAG], [
	AS_VAR_PUSHDEF([aw_var], [aw_cv_ldflag_$2])
	AC_CACHE_CHECK([whether the linker takes $2], [aw_var], [
		aw_saved_CFLAGS=$CFLAGS aw_saved_LDFLAGS=$LDFLAGS
		CFLAGS="$CFLAGS $aw_need -Werror"
		LDFLAGS="$LDFLAGS $2"
		AC_LINK_IFELSE([AC_LANG_PROGRAM()],
		    [AS_VAR_SET([aw_var], [yes])], [AS_VAR_SET([aw_var], [no])])
		CFLAGS=$aw_saved_CFLAGS LDFLAGS=$aw_saved_LDFLAGS
	])
	AS_VAR_COPY([aw_answer], [aw_var])
	AW_FLAG_NOTE([$aw_answer], [$2])
	AS_IF([test "$aw_answer" = yes], [AS_VAR_APPEND([$1], [" $2"])])
	AS_VAR_POPDEF([aw_var])
])

# AW_TRY_CFLAGS(VARIABLE, FLAGS), AW_TRY_LDFLAGS(VARIABLE, FLAGS): each of a list.
AC_DEFUN([AW_TRY_CFLAGS], [m4_map_args_w([$2], [AW_CFLAG([$1], ], [)
])])
AC_DEFUN([AW_TRY_LDFLAGS], [m4_map_args_w([$2], [AW_LDFLAG([$1], ], [)
])])
