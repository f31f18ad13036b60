"""The authority of the site's own services: who may speak on the channels between them. Devices have another one."""
