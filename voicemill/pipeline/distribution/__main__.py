"""`python -m voicemill.pipeline.distribution NAME`: a worker process of a run."""

import sys

from voicemill.processes.quick_imports import import_quickly

if __name__ == "__main__":
    import_quickly()
    from voicemill.pipeline.distribution.worker_process import main

    main(sys.argv[1])
