"""PTX texts of single matrix instructions: a block of threads computes one tile, d = a b + c.

Every kernel is named ``k`` and takes the addresses of a [tiles, m, k], b [tiles, n, k], c and d [tiles, m, n], all of
them row by row; row n of b is column n of B.  Source: PTX ISA 8.0 to 9.0, sections "mma" and "wgmma".
"""

from __future__ import annotations

from chopper_ext.probes.fragments import Fragments, registers

__all__ = ["mma", "wgmma"]

_HEAD = """.version {version}
.target {target}
.address_size 64
.visible .entry k(.param .u64 pa,.param .u64 pb,.param .u64 pc,.param .u64 pd)
{{
{shared}.reg .b32 %r<32>; .reg .b64 %q<20>; .reg .pred %p<3>;
.reg {ab} %a<16>; .reg {ab} %b<8>; .reg {cd} %c<8>; .reg {cd} %d<40>;
ld.param.u64 %q0,[pa]; ld.param.u64 %q1,[pb]; ld.param.u64 %q2,[pc]; ld.param.u64 %q3,[pd];
mov.u32 %r10,%tid.x; mov.u32 %r11,%ctaid.x;
mul.wide.u32 %q4,%r11,{bytes_a}; add.u64 %q0,%q0,%q4;
mul.wide.u32 %q4,%r11,{bytes_b}; add.u64 %q1,%q1,%q4;
mul.wide.u32 %q4,%r11,{bytes_c}; add.u64 %q2,%q2,%q4; add.u64 %q3,%q3,%q4;
"""

_MMA = """shr.u32 %r12,%r10,2; and.b32 %r13,%r10,3;
mul.lo.u32 %r14,%r12,{row_bytes}; mad.lo.u32 %r14,%r13,{unit},%r14; cvt.u64.u32 %q5,%r14;
add.u64 %q6,%q0,%q5; add.u64 %q7,%q1,%q5;
mul.lo.u32 %r15,%r12,{row_c}; mad.lo.u32 %r15,%r13,{pair_c},%r15; cvt.u64.u32 %q8,%r15;
add.u64 %q9,%q2,%q8; add.u64 %q10,%q3,%q8;
{loads}{instruction} {d}, {a}, {b}, {c};
{stores}ret;
}}
"""

# 128 threads.  Each copies 16 bytes of A, two threads for each column also of B, into shared memory: core matrices of 8
# rows of 16 bytes, chunk t = (row t/2, half t%2) at (row/8)*256 + half*128 + (row%8)*16.  A descriptor holds the
# address, the distance of the halves (128) and that of groups of 8 rows (256), each without its low four bits; no
# swizzle.
_WGMMA = """mul.wide.u32 %q4,%r10,16; add.u64 %q5,%q0,%q4; add.u64 %q6,%q1,%q4;
shr.u32 %r12,%r10,1; and.b32 %r13,%r10,1; shr.u32 %r14,%r12,3; and.b32 %r15,%r12,7;
mul.lo.u32 %r16,%r14,256; mad.lo.u32 %r16,%r13,128,%r16; mad.lo.u32 %r16,%r15,16,%r16;
mov.u32 %r17,sA; add.u32 %r18,%r17,%r16; mov.u32 %r19,sB; add.u32 %r20,%r19,%r16;
ld.global.v4.b32 {{%r0,%r1,%r2,%r3}},[%q5]; st.shared.v4.b32 [%r18],{{%r0,%r1,%r2,%r3}};
setp.lt.u32 %p2,%r10,{chunks_b};
@%p2 ld.global.v4.b32 {{%r4,%r5,%r6,%r7}},[%q6];
@%p2 st.shared.v4.b32 [%r20],{{%r4,%r5,%r6,%r7}};
fence.proxy.async.shared::cta; bar.sync 0;
and.b32 %r21,%r17,0x3ffff; shr.u32 %r21,%r21,4; cvt.u64.u32 %q11,%r21; or.b64 %q11,%q11,0x1000080000;
and.b32 %r22,%r19,0x3ffff; shr.u32 %r22,%r22,4; cvt.u64.u32 %q12,%r22; or.b64 %q12,%q12,0x1000080000;
shr.u32 %r23,%r10,5; and.b32 %r24,%r10,31; shr.u32 %r25,%r24,2; and.b32 %r26,%r24,3;
mad.lo.u32 %r27,%r23,16,%r25; mul.lo.u32 %r28,%r27,{row_c}; mad.lo.u32 %r28,%r26,{pair_c},%r28; cvt.u64.u32 %q8,%r28;
add.u64 %q9,%q2,%q8; add.u64 %q10,%q3,%q8;
{loads}setp.eq.u32 %p1,%r10,%r10;
wgmma.fence.sync.aligned;
{instruction} {d}, %q11, %q12, %p1{tail};
wgmma.commit_group.sync.aligned;
wgmma.wait_group.sync.aligned 0;
{stores}ret;
}}
"""

_SHARED = ".shared .align 128 .b8 sA[2048]; .shared .align 128 .b8 sB[{}];\n"
_TAILS = {"f16": ",1,1,0,0", "bf16": ",1,1,0,0", "s8": "", "u8": ""}
"""Of wgmma: the signs of A and B and, for 16 bits, which of them is transposed; other types have the signs alone."""


def _loads(letter: str, kind: str, base: str, offsets: tuple[int, ...]) -> str:
    return "".join(f"ld.global.{kind} %{letter}{i},[%{base}+{offset}];\n" for i, offset in enumerate(offsets))


def _stores(kind: str, offsets: tuple[int, ...]) -> str:
    return "".join(f"st.global.{kind} [%q10+{offset}],%d{i};\n" for i, offset in enumerate(offsets))


def _kinds(accumulator: str) -> tuple[str, str]:
    """Return the register types of A and B, and of C and D."""
    if accumulator == "f64":
        return "f64", "f64"
    return "b32", "f32" if accumulator == "f32" else "b32"


def mma(
    a: str, b: str, acc: str, rows: int, k: int, element: int, target: str, version: str, saturate: bool = False
) -> str:
    """Return the kernel of ``mma.sync.aligned.m<rows>n8k<k>``, 32 threads a tile.

    Parameters
    ----------
    a, b, acc : str
        PTX types of the operands, and of the accumulator and the result.
    rows, k, element : int
        Rows of A; terms of a dot product; bytes of an element of A and B.
    target, version : str
        ``.target`` and ``.version`` of the text, such as "sm_90a" and "8.0".
    saturate : bool
        Whether integers saturate.
    """
    result = {"f16": 2, "f64": 8}.get(acc, 4)
    parts = Fragments(rows, k * element, 8 if acc == "f64" else 4, result)
    ab, cd = _kinds(acc)
    limit = ".satfinite" if saturate else ""
    head = _HEAD.format(
        version=version, target=target, shared="", ab=f".{ab}", cd=f".{cd}",
        bytes_a=rows * k * element, bytes_b=8 * k * element, bytes_c=rows * 8 * result,
    )  # fmt: skip
    loads = _loads("a", ab, "q6", parts.of_a) + _loads("b", ab, "q7", parts.of_b) + _loads("c", cd, "q9", parts.of_c)
    return head + _MMA.format(
        row_bytes=parts.row_bytes, unit=parts.unit, row_c=8 * result, pair_c=2 * result, loads=loads,
        instruction=f"mma.sync.aligned.m{rows}n8k{k}.row.col{limit}.{acc}.{a}.{b}.{acc}",
        a=registers("a", len(parts.of_a)), b=registers("b", len(parts.of_b)),
        c=registers("c", len(parts.of_c)), d=registers("d", len(parts.of_c)),
        stores=_stores(cd, parts.of_c),
    )  # fmt: skip


def wgmma(a: str, b: str, acc: str, columns: int, k: int, saturate: bool = False, version: str = "8.0") -> str:
    """Return the kernel of ``wgmma.mma_async.sync.aligned.m64n<columns>k<k>``, 128 threads a tile; for sm_90a.

    Rows have 32 bytes; there are 8 to 64 columns.
    """
    result = 2 if acc == "f16" else 4
    parts = Fragments(16, 32, 4, result, columns)
    ab, cd = _kinds(acc)
    limit = ".satfinite" if saturate else ""
    head = _HEAD.format(
        version=version, target="sm_90a", shared=_SHARED.format(32 * columns), ab=f".{ab}", cd=f".{cd}",
        bytes_a=64 * 32, bytes_b=columns * 32, bytes_c=64 * columns * result,
    )  # fmt: skip
    return head + _WGMMA.format(
        row_c=columns * result, pair_c=2 * result, loads=_loads("d", cd, "q9", parts.of_c), chunks_b=2 * columns,
        instruction=f"wgmma.mma_async.sync.aligned.m64n{columns}k{k}{limit}.{acc}.{a}.{b}",
        d=registers("d", len(parts.of_c)), tail=_TAILS.get(a, ",1,1"), stores=_stores(cd, parts.of_c),
    )  # fmt: skip
