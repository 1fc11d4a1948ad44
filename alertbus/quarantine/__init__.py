"""What the bus could not decide, or an agency's system would not have: kept whole, shown without its content, put back when mended."""
