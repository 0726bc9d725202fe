"""How the app looks: the system's own fonts, calm greys, and the green that the spine is drawn in."""

from __future__ import annotations

from typing import Any

_FONTS = ("system-ui", "-apple-system", "Segoe UI", "Roboto", "Noto Sans", "sans-serif")
_MONO = ("ui-monospace", "SFMono-Regular", "Menlo", "Consolas", "monospace")


def make_theme() -> Any:
    """Return the app's theme, for light and dark; nothing of it comes from elsewhere."""
    import gradio as gr

    # Dark enough for white letters on it (contrast above 4.5).
    green = gr.themes.Color(
        name="spine",
        c50="#e9f6f1",
        c100="#cdebdf",
        c200="#9dd8c2",
        c300="#63c0a0",
        c400="#2ca681",
        c500="#078866",
        c600="#00704f",
        c700="#005e43",
        c800="#004c37",
        c900="#003b2b",
        c950="#00261b",
    )
    return gr.themes.Base(
        primary_hue=green,
        secondary_hue=green,
        neutral_hue=gr.themes.colors.slate,
        font=_FONTS,
        font_mono=_MONO,
        radius_size=gr.themes.sizes.radius_md,
    ).set(
        body_background_fill="#f7f8fa",
        body_background_fill_dark="#10151c",
        block_background_fill="#ffffff",
        block_background_fill_dark="#181f29",
        block_border_width="1px",
        block_label_background_fill_dark="#181f29",
        block_label_text_color="*neutral_700",
        block_label_text_color_dark="*neutral_200",
        block_title_text_color="*neutral_700",
        block_title_text_color_dark="*neutral_200",
        block_info_text_color="*neutral_600",
        block_info_text_color_dark="*neutral_300",
        body_text_color="#1b2430",
        body_text_color_dark="#e7ecf2",
        body_text_color_subdued="#4a5666",
        body_text_color_subdued_dark="#b3bfcd",
        link_text_color="*primary_700",
        link_text_color_dark="*primary_300",
        button_primary_background_fill="*primary_600",
        button_primary_background_fill_hover="*primary_700",
        button_primary_background_fill_dark="*primary_600",
        button_primary_background_fill_hover_dark="*primary_500",
        button_primary_text_color="#ffffff",
        button_primary_text_color_dark="#ffffff",
        checkbox_border_color="*neutral_500",
        checkbox_border_color_dark="*neutral_300",
        checkbox_label_background_fill="*neutral_100",
        checkbox_label_background_fill_dark="*neutral_800",
        input_placeholder_color="#5b6777",
        input_placeholder_color_dark="#a5b1bf",
    )


__all__ = ["make_theme"]
