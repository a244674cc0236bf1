"""Operations that move, select, draw or make numbers, and those that the mode does not look at."""

from __future__ import annotations

from typing import Any

__all__ = ["MOVES", "PLACED", "UNTOUCHED", "adds_up"]


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


UNTOUCHED = _names("""
    detach alias lift lift_fresh lift_fresh_copy empty empty_like empty_strided empty_permuted new_empty
    new_empty_strided _unsafe_view _reshape_alias set resize resize_as _local_scalar_dense item is_pinned _pin_memory
    record_stream chopper::round chopper::encode chopper::decode
""")
"""Results are what the operands are, or hold nothing yet, or are rounded as the program says."""

_ARRANGED = _names("""
    clone copy _to_copy _conj_physical contiguous cat stack hstack vstack concat repeat repeat_interleave flip roll
    rot90 tile index index_select gather take take_along_dim masked_select where select_backward slice_backward
    diagonal_backward as_strided_scatter select_scatter slice_scatter diagonal_scatter index_copy index_fill masked_fill
    masked_scatter scatter constant_pad_nd pad reflection_pad1d reflection_pad2d reflection_pad3d replication_pad1d
    replication_pad2d replication_pad3d tril triu diag_embed embedding im2col pixel_shuffle pixel_unshuffle
    channel_shuffle upsample_nearest1d upsample_nearest2d upsample_nearest3d _unsafe_index _unsafe_masked_index
    view_copy expand_copy permute_copy unsafe_split unsafe_chunk split_with_sizes_copy split_copy resolve_conj
    resolve_neg one_hot _chunk_cat block_diag alias_copy
    as_strided_copy detach_copy diagonal_copy narrow_copy select_copy slice_copy squeeze_copy t_copy transpose_copy
    unbind_copy unfold_copy unsqueeze_copy _unique2 unique_consecutive unique_dim
""")
_SELECTED = _names("""
    neg abs sign sgn signbit copysign relu relu6 hardtanh threshold threshold_backward hardtanh_backward clamp clamp_min
    clamp_max clip maximum minimum max min amax amin fmax fmin aminmax sort topk kthvalue median nanmedian mode cummax
    cummin _cummax_helper _cummin_helper floor ceil round trunc nan_to_num max_pool2d_with_indices
    max_pool3d_with_indices adaptive_max_pool2d adaptive_max_pool3d frexp frac heaviside hardshrink
    hardshrink_backward
""")
_MADE = _names("""
    zeros ones full zeros_like ones_like full_like new_zeros new_ones new_full fill zero eye arange linspace logspace
    scalar_tensor rand randn rand_like randn_like randint randint_like uniform normal bernoulli exponential geometric
    cauchy log_normal random
""")

MOVES = _ARRANGED | _SELECTED | _MADE
"""Results are numbers of the operands, or given ones: rounding them once more is exact where operands are values."""

PLACED = _names("index_put _index_put_impl _unsafe_index_put")
"""Operations that move numbers to places, or add them up there."""


def adds_up(args: Any, kwargs: Any) -> bool:
    """Whether a call of one of `PLACED` adds up."""
    return bool(args[3] if len(args) > 3 else kwargs.get("accumulate", False))
