//! H3: topics.
