"""Results folders of earlier versions, continued by this one."""
