"""The public functions of the library. Import them from `voicemill`."""
