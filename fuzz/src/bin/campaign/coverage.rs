pub(crate) fn run(_: &mut crate::figure::Figures<'_>) {}
