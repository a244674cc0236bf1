"""The named recipes, one row each, with their sources."""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from chopper.errors import PolicyError, nearest_names
from chopper.recipes.recipe import Recipe

__all__ = ["PRESETS", "Preset", "preset", "presets"]


@dataclass(frozen=True)
class Preset:
    """A row of the table: what `Recipe` takes, where it comes from, and what it does not say."""

    name: str
    fields: MappingProxyType[str, str]
    source: str
    note: str = ""

    @property
    def recipe(self) -> Recipe:
        """The recipe.

        Raises
        ------
        PolicyError
            If it names a unit of hardware that there is not.
        """
        return Recipe.from_dict({**self.fields, "name": self.name})


def _row(name: str, source: str, note: str = "", **fields: str) -> Preset:
    return Preset(name, MappingProxyType(fields), source, note)


def _everywhere(fmt: str, **fields: str) -> dict[str, str]:
    """Return fields that round operands, results and gradients of everything alike."""
    words = ("weight", "input", "output", "grad_output", "grad_input", "grad_weight", "bias", "elementwise")
    return {**dict.fromkeys((*words, "grad_elementwise"), fmt), **fields}


# fmt: off
_TORCHAO = "pytorch/ao 0.18, torchao/float8/config.py, Float8LinearConfig.from_recipe_name"
_DEEPSEEK = "DeepSeek-V3 Technical Report, arXiv:2412.19437, section 3.3"
_ROW_POW2 = "fp8_row<scale=e8m0,direction=up>"
_UNCLIPPED = "mxfp4<target=3,direction=down>"  # of a block times 3/4: 2^(floor(log2 amax) - 2), amax that of the block
_BACK_MXFP4 = f"{_UNCLIPPED}:stochastic,hadamard=64,signs=random,gain=3/4"
_BACK_QUARTET = f"{_UNCLIPPED}:stochastic,hadamard=32,signs=random,gain=3/4"
_MADAM = "scaled<lns_madam8_g8,fp32,tensor>"
_MX_NOTE = "The scales are those of the MX specification; mxfp8<scaling=rceil> has those of NVIDIA's libraries."

PRESETS: tuple[Preset, ...] = (
    _row("fp32", "plain training", "Nothing is rounded."),
    _row("bf16", "Kalamkar et al., A Study of BFLOAT16 for Deep Learning Training, arXiv:1905.12322",
         "Operands and results of products; sums in float32; master weights in float32.",
         weight="bf16", input="bf16", grad_output="bf16", output="bf16", grad_input="bf16"),
    _row("bf16_pure", "Zamirai et al., Revisiting BFloat16 Training, arXiv:2010.06192",
         "Weights stay in bf16 too: round the update stochastically, or compensate it, in the optimizer.",
         **_everywhere("bf16", optimizer_state="bf16")),
    _row("fp16", "Micikevicius et al., Mixed Precision Training, ICLR 2018, arXiv:1710.03740",
         "Needs a scaled loss.  Sums in float32.",
         weight="fp16", input="fp16", grad_output="fp16", output="fp16", grad_input="fp16"),
    _row("hfp8", "Sun et al., Hybrid 8-bit Floating Point (HFP8) Training, NeurIPS 2019",
         "Without its chunked sums in fp16 and its loss scale.",
         weight="hfp8_forward", input="hfp8_forward", grad_output="hfp8_backward"),
    _row("fp8_tensorwise", "Micikevicius et al., FP8 Formats for Deep Learning, arXiv:2209.05433; " + _TORCHAO,
         "One current scale for each tensor: e4m3 forward, e5m2 for gradients.",
         weight="fp8_tensor", input="fp8_tensor", grad_output="fp8_tensor<element=e5m2>"),
    _row("fp8_rowwise", _TORCHAO + ", rowwise",
         "Scales are powers of two, rounded up; those of torchao reach further down than e8m0.",
         weight=_ROW_POW2, input=_ROW_POW2, grad_output=_ROW_POW2),
    _row("fp8_rowwise_gw_hp", _TORCHAO + ", rowwise_with_gw_hp", "The gradient of the weight is not rounded.",
         forward=f"{_ROW_POW2} @ {_ROW_POW2}", dgrad=f"{_ROW_POW2} @ fp8_tensor<scale=e8m0,direction=up>",
         wgrad="- @ -"),
    _row("deepseek_fp8", _DEEPSEEK, "Sums in float32, which the device does not have: see hopper_fp8.",
         weight="fp8_block128x128", input="fp8_block128", grad_output="fp8_block128"),
    _row("deepseek_fp8_ue8m0", "DeepSeek-V3.1; DeepGEMM 54e2261, deep_gemm/utils/math.py", "Scales are powers of two.",
         weight="fp8_block128x128_ue8m0", input="fp8_block128_ue8m0", grad_output="fp8_block128_ue8m0"),
    _row("hopper_fp8", "NVIDIA H100, wgmma FP8 with promotion of partial sums to float32 every 128 terms",
         "Operands have no scales: scale the loss and the data.  Products as the device computes them.",
         forward="e4m3 @ e4m3 by h100.cublas.e4m3", dgrad="e5m2 @ e4m3 by h100.cublas.e5m2_e4m3",
         wgrad="e5m2 @ e4m3 by h100.cublas.e5m2_e4m3"),
    _row("mxfp8", "OCP Microscaling Formats (MX) 1.0; Mishra et al., Recipes for Pre-training LLMs with MXFP8, "
         "arXiv:2506.08027", "e4m3 for gradients too.  " + _MX_NOTE,
         weight="mxfp8", input="mxfp8", grad_output="mxfp8"),
    _row("mxfp8_e5m2", "OCP Microscaling Formats (MX) 1.0", "e5m2 for gradients.",
         weight="mxfp8", input="mxfp8", grad_output="mxfp8_e5m2"),
    _row("mxfp6", "Rouhani et al., Microscaling Data Formats for Deep Learning, arXiv:2310.10537", _MX_NOTE,
         weight="mxfp6_e3m2", input="mxfp6_e3m2", grad_output="mxfp6_e3m2"),
    _row("mxfp4", "OCP Microscaling Formats (MX) 1.0", "To nearest: a baseline, biased in the backward pass.",
         weight="mxfp4", input="mxfp4", grad_output="mxfp4"),
    _row("mxfp4_sr_rht", "Tseng, Yu, Park, Training LLMs with MXFP4, AISTATS 2025, arXiv:2502.20586",
         "Forward in bf16, backward in MXFP4: stochastic, random Hadamard in blocks of 64, operands times 3/4 under "
         "scales from before that, so that none is clipped.",
         forward="bf16 @ bf16", dgrad=f"{_BACK_MXFP4} @ {_BACK_MXFP4}", wgrad=f"{_BACK_MXFP4} @ {_BACK_MXFP4}"),
    _row("quartet", "Castro et al., Quartet: Native FP4 Training Can Be Optimal for LLMs, arXiv:2505.14669",
         "Forward rounds to nearest in the rotated basis; the paper's search of the scale by root mean square, its "
         "trust mask, and the reuse of the forward operands in the backward pass are left out.",
         forward="mxfp4:hadamard=32 @ mxfp4:hadamard=32",
         dgrad=f"{_BACK_QUARTET} @ {_BACK_QUARTET}", wgrad=f"{_BACK_QUARTET} @ {_BACK_QUARTET}"),
    _row("nvfp4", "NVIDIA, Pretraining Large Language Models with NVFP4, arXiv:2509.25149; Transformer Engine 2.x, "
         "NVFP4 recipe",
         "Weights in tiles of 16 x 16, gradients stochastic, operands of the weight's gradient rotated. "
         "The paper keeps some layers in bf16: skip= and rules= of convert.  Scales round to nearest, so that the "
         "largest element of a block may saturate and stochastic gradients have a small bias; with "
         "nvfp4<direction=up> they have none.",
         forward="nvfp4 @ nvfp4_2d", dgrad="nvfp4:stochastic @ nvfp4_2d",
         wgrad=("nvfp4:stochastic,hadamard=16,signs=transformer_engine @ "
                "nvfp4:hadamard=16,signs=transformer_engine")),
    _row("nvfp4_plain", "as nvfp4", "To nearest, without rotation.",
         weight="nvfp4", input="nvfp4", grad_output="nvfp4"),
    _row("switchback", "Wortsman et al., Stable and low-precision training for large-scale vision-language models, "
         "arXiv:2304.13013", "Rows of the input and its gradient, the whole weight; the weight's gradient in float32.",
         forward="int8_row @ int8_tensor", dgrad="int8_row @ int8_tensor", wgrad="- @ -"),
    _row("jetfire", "Xi et al., Jetfire, arXiv:2403.12422", "Tiles of 32 x 32; products in float32.",
         weight="jetfire_int8", input="jetfire_int8", grad_output="jetfire_int8"),
    _row("int4_sr", "Xi et al., Training Transformers with 4-bit Integers, arXiv:2306.11987",
         "Without its bit splitting and its sampling of rows.",
         forward="int4_group128:hadamard=32 @ int4_group128:hadamard=32",
         dgrad="int4_group128:stochastic @ int4_group128",
         wgrad="int4_group128:stochastic @ int4_group128"),
    _row("dfp16", "Das et al., Mixed Precision Training of CNNs using Integer Operations, arXiv:1802.00930",
         "Chains of 8 products are added exactly, then in float32.  Unverified: the length of the chains.",
         weight="dfp16", input="dfp16", grad_output="dfp16",
         accumulate="product=exact,sum=fp64,order=blocked,block=8,flush=fp32"),
    _row("posit8", "Posit Standard 2022; Lu et al., Evaluations on Deep Neural Networks Training Using Posit Number "
         "System, IEEE TC 2020", "Sums in the quire.",
         weight="posit8", input="posit8", grad_output="posit8", accumulate="sum=exact,result=posit16"),
    _row("posit16", "Posit Standard 2022", "Everything, sums in the quire.",
         **_everywhere("posit16", accumulate="sum=exact,result=posit16")),
    _row("takum16", "Hunhold, Beating Posits at Their Own Game: Takum Arithmetic, arXiv:2404.18603", "Sums in float32.",
         **_everywhere("takum_linear16")),
    _row("lns8", "Miyashita et al., Convolutional Neural Networks using Logarithmic Data Representation, "
         "arXiv:1603.01025", "Operands only; sums in float32.",
         weight="lns8", input="lns8", grad_output="lns8"),
    _row("lns_madam", "Zhao et al., LNS-Madam, arXiv:2106.13914",
         "Base 2^(1/8), one scale for each tensor, in float32: the largest magnitude has the largest code.  There is "
         "no zero: it becomes 2^-15.875 of that.  The optimizer is a part of its own.",
         weight=_MADAM, input=_MADAM, grad_output=_MADAM),
    _row("bitnet", "Ma et al., The Era of 1-bit LLMs (BitNet b1.58), arXiv:2402.17764",
         "Forward alone; gradients pass straight through.",
         forward="int8_row @ bitnet_ternary"),
    _row("hif8", "Huawei, Ascend HiFloat8 Format for Deep Learning, arXiv:2409.16626", "",
         weight="hif8", input="hif8", grad_output="hif8"),
)
"""Every named recipe."""
# fmt: on


def presets() -> tuple[str, ...]:
    """Return the names of all presets."""
    return tuple(row.name for row in PRESETS)


def preset(name: str, **changes: Any) -> Recipe:
    """Return a named recipe, maybe with some fields changed.

    Parameters
    ----------
    name : str
        See `presets`; ``-`` and ``_`` are equal.
    **changes
        Fields of `Recipe`; of the short form ``accumulate``, which replaces the accumulator of every product.  A
        recipe with changes has no name, unless ``name`` is among them.

    Raises
    ------
    PolicyError
        If there is none, or a field is not legal.

    Examples
    --------
    >>> print(preset("switchback"))
    forward: int8_row @ int8_tensor
    dgrad: int8_row @ int8_tensor
    wgrad: - @ -
    """
    wanted = str(name).lower().replace("-", "_").strip()
    found = next((row for row in PRESETS if row.name == wanted), None)
    if found is None:
        near = nearest_names(wanted, presets())
        hint = f"nearest: {near}; " if near else ""
        raise PolicyError(f"there is no preset {name!r}; {hint}legal: {', '.join(presets())}")
    made = found.recipe
    if "accumulate" in changes:
        adder = changes.pop("accumulate")
        made = made.replace(**{gemm: one.replace(accumulate=adder) for gemm, one in made.gemms})
    return made.replace(**changes) if changes else made
